"""Answers with a JSON body."""

import pytest
from pyramid.response import Response

from talatat.resources.bound import json_response


@pytest.mark.parametrize("status", [200, 201, 207])
def test_a_response_has_all_that_webob_gives_it(status):
    plain = Response(b'{"a": 1}', status=status, content_type="application/json")
    made = json_response(b'{"a": 1}', status)
    assert type(made) is Response
    assert vars(made) == vars(plain)
