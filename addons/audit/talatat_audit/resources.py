"""``/api/audit/v1/entries``: who did what. There is no way to write them."""

from talatat.resources import Resource
from talatat_audit.models import Entry
from talatat_audit.schemas import EntrySchema


class Entries(Resource):
    """Who did what, when, from where, in which request, with the values before and after."""

    name = "entries"
    model = Entry
    schema = EntrySchema
    operations = ("list", "get")
    has_changes = False  # they never change: follow them by `number`
    permissions = {"read": "audit.read"}
    filters = (
        "happened_at", "number", "addon", "action", "outcome", "resource", "subject", "actor_id", "actor_name",
        "actor_source", "credential", "address", "request_id", "trace_id", "operation", "release",
    )  # fmt: skip
    sorts = ("happened_at", "number")
    default_sort = ("-id",)
