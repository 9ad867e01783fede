"""The conventions of the interface, checked from outside: every check of every resource of a server.

    test_rest = conventions("shelf")                       in an addon's tests: one test a family
    report = run(Server(over_http("http://127.0.0.1:6543"), Credentials({"Authorization": "Bearer ..."})))

The suite knows `/api`, the OpenAPI document and credentials, nothing else. Bodies are made from the
document's schemas; what they refer to is created through other resources. A check passes, fails with
what was sent and answered, or does not apply, and says why (`Reason`).
"""

from talatat.testing.rest.model import CHECKS, Check, Reason, Report, Result
from talatat.testing.rest.runner import run
from talatat.testing.rest.sending import over_http, over_wsgi
from talatat.testing.rest.server import Credentials, Server
from talatat.testing.rest.suite import conventions

__all__ = [
    "CHECKS",
    "Check",
    "Credentials",
    "Reason",
    "Report",
    "Result",
    "Server",
    "conventions",
    "over_http",
    "over_wsgi",
    "run",
]
