"""Everything that is declared knows its line, though no source is read for it."""

from __future__ import annotations

import linecache

ADDON = """
    from pyramid.response import Response
    from pyramid.view import view_config

    def includeme(config):
        config.add_route("lines.page", "/lines")
        config.add_view(shown, route_name="lines.page", permission="public")
        config.scan()

    def shown(request):
        return Response("shown")

    @view_config(route_name="lines.page", permission="public", request_method="POST")
    def posted(request):
        return Response("posted")
"""


def test_directives_and_decorators_know_their_line_and_the_source_is_read_when_it_is_shown(
    workshop,
):
    workshop.addon("lines", ADDON)
    config = workshop.compose("lines")
    assert not [name for name in linecache.cache if name.endswith("_lines/__init__.py")]
    found = {
        one["introspectable"].title.rpartition(".")[2]: one["introspectable"].action_info
        for one in config.registry.introspector.get_category("views")
    }
    assert found["shown"].file.endswith("_lines/__init__.py")
    assert (found["shown"].line, found["posted"].line) == (7, 13)
    assert 'config.add_view(shown, route_name="lines.page"' in str(found["shown"])
    assert '@view_config(route_name="lines.page"' in str(found["posted"])
