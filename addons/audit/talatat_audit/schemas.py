"""What the API shows of an entry. All of it is read only."""

from typing import Any

import colander

from talatat.schema import types as t


def _text(description: str, **more: Any) -> colander.SchemaNode:
    return colander.SchemaNode(
        colander.String(), missing=None, read_only=True, description=description, **more
    )


class EntrySchema(colander.MappingSchema):
    """One thing that somebody did, or tried."""

    id = colander.SchemaNode(t.UUID(), read_only=True)
    happened_at = colander.SchemaNode(t.Timestamp(), read_only=True, description="When")
    addon = _text("The addon whose thing it is", nullable=False)
    action = _text(
        "`create`, `update` or `delete` of a row; an event, such as `accounts.login`; a command, such "
        "as `talatat.apply`",
        nullable=False,
        example="update",
    )
    outcome = _text(
        "`succeeded`; `failed` with a wrong proof; `refused` untried",
        nullable=False,
        example="succeeded",
    )
    reason = _text("Why it failed")
    resource = _text("The resource, or the table of what is none", example="catalog.products")
    subject = _text("The id of what it was done to")
    label = _text("What people called it then")
    before = colander.SchemaNode(
        t.OpenMap(),
        missing=None,
        read_only=True,
        description="Values before; of an update those that changed",
    )
    after = colander.SchemaNode(
        t.OpenMap(),
        missing=None,
        read_only=True,
        description="Values after, or details of an event",
    )
    actor_id = _text("Who, by the identity's id; `user@host` of a command")
    actor_name = _text("Who, by name")
    actor_source = _text("The identity source; `command`, `outbox` or `process`")
    credential = _text("The id of the session or token that was shown")
    address = _text("From where", example="192.0.2.1")
    agent = _text("With which program")
    request_id = _text("The request, as its answer and the log name it")
    trace_id = _text("The W3C trace")
    method = _text("The HTTP method", example="PATCH")
    operation = _text("The route, the command or the subscriber", example="catalog.products.item")
    release = colander.SchemaNode(
        colander.Int(), missing=None, read_only=True, description="The release that served"
    )
    number = colander.SchemaNode(
        colander.Int(),
        missing=None,
        read_only=True,
        description="Its place in the chain, once sealed",
    )
    previous = _text("The digest of the entry before")
    digest = _text("SHA-256 over the digest before and this entry")
