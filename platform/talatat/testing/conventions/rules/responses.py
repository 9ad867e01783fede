"""Answers: statuses, headers, media types."""

from __future__ import annotations

from talatat.testing.conventions.model import Found, rule
from talatat.testing.conventions.reading import JSON, Reading, kinds

NEW_ROW = "201"


@rule(
    "response-success",
    "Each operation tells at least one success",
    why="A client that is generated from errors alone returns nothing.",
    source="Spectral operation-success-response",
)
def response_success(reading: Reading) -> Found:
    for one in reading.operations:
        if not any(status[0] == "2" for status in one.responses):
            yield (
                one.pointer,
                "Add what it answers when all is well: status=..., response=... at the view.",
            )


@rule(
    "response-description",
    "Each answer is described",
    why="A status says that it went well, not what that means here.",
    source="OpenAPI 3.1, response object",
)
def response_description(reading: Reading) -> Found:
    for one in reading.operations:
        for pointer, response in one.responses.values():
            if not str(response.get("description", "")).strip():
                yield pointer, "Describe the answer."


@rule(
    "response-created",
    "201 has a Location and shows what was made",
    why="A client goes on with the new thing; a second request for it would be one too many.",
    source="API.md, create; RFC 9110, section 15.3.2",
)
def response_created(reading: Reading) -> Found:
    for one in reading.operations:
        if NEW_ROW in one.responses:
            pointer, response = one.responses[NEW_ROW]
            if "Location" not in response.get("headers", {}):
                yield (
                    pointer,
                    "Answer Location with the URL of what was made: headers=('Location',).",
                )
            if not response.get("content"):
                yield pointer, "Show what was made: response=Schema."


@rule(
    "response-empty",
    "204 and 304 have no content",
    why="HTTP forbids it; clients that wait for a body hang.",
    source="RFC 9110, sections 15.3.5 and 15.4.5",
)
def response_empty(reading: Reading) -> Found:
    for one in reading.operations:
        for status in ("204", "304"):
            if status in one.responses and one.responses[status][1].get("content"):
                yield one.responses[status][0], "Take the content away, or answer 200."


@rule(
    "response-content",
    "Every other success shows something, by a schema",
    why="Without a schema a generated client gives untyped values.",
    source="API.md, discovery; Zalando 101",
)
def response_content(reading: Reading) -> Found:
    for one in reading.operations:
        for status, pointer, response in one.successes():
            if status[0] != "2" or status in ("204", "205"):
                continue
            media = response.get("content", {})
            if status != NEW_ROW and not media:
                yield pointer, "Say what it shows: response=Schema, or status=204."
            elif any(not m.get("schema") for m in media.values()):
                yield (
                    pointer,
                    "Say what it shows: response=Schema at the view, -> Model at the action.",
                )


@rule(
    "response-json",
    "Answers are application/json",
    why="One media type for what is shown; problems have their own, and so has `/health`.",
    source="API.md, shape; Zalando 167",
)
def response_json(reading: Reading) -> Found:
    for one in reading.operations:
        for _, pointer, response in one.successes():
            for kind, media in response.get("content", {}).items():
                standard = reading.resolved(media.get("schema", {})).get("x-standard")
                if kind not in (JSON, standard):
                    yield pointer, f"Answer {JSON} instead of {kind}."


@rule(
    "response-object",
    "On top of every answer is an object",
    why="A list cannot be given `next` later; an object can.",
    source="API.md, shape; Zalando 110",
)
def response_object(reading: Reading) -> Found:
    for one in reading.operations:
        for _, pointer, response in one.successes():
            for media in response.get("content", {}).values():
                schema = reading.resolved(media.get("schema", {}))
                if schema and kinds(schema) != ("object",):
                    yield pointer, "Put it into an object: {'items': [...]} for a list."


@rule(
    "response-request-id",
    "Every answer has a Request-Id",
    why="It is what a person reads out, and what the log knows the request by.",
    source="API.md, tracing",
)
def response_request_id(reading: Reading) -> Found:
    for one in reading.operations:
        for pointer, response in one.responses.values():
            if "Request-Id" not in response.get("headers", {}):
                yield pointer, "Tell the header Request-Id."


@rule(
    "response-etag",
    "A row that is read has an ETag, and If-None-Match is answered 304",
    why="A client asks whether what it holds still holds, and knows the version that its write is about.",
    source="API.md, concurrency and caching; RFC 9110, section 13; Zalando 182",
)
def response_etag(reading: Reading) -> Found:
    for one in reading.operations:
        if one.method != "get" or not one.is_item or "200" not in one.responses:
            continue
        if "ETag" not in one.responses["200"][1].get("headers", {}):
            yield one.responses["200"][0], "Answer an ETag."
        if one.parameter("If-None-Match") is None:
            yield one.pointer, "Take the header If-None-Match."
        if "304" not in one.responses:
            yield one.pointer, "Tell the 304."


@rule(
    "response-idempotent",
    "A POST that does something for somebody takes an Idempotency-Key",
    why="Who got no answer sends it again, and must not order twice.",
    source="API.md, idempotency; draft-ietf-httpapi-idempotency-key-header",
)
def response_idempotent(reading: Reading) -> Found:
    for one in reading.operations:
        reads = one.path.endswith(":search") or one.data.get("x-permission") in (None, "public")
        # What answers a secret takes none: the answer would have to be kept.
        reads = reads or one.data.get("x-idempotency") == "refused"
        if one.method == "post" and not reads and one.parameter("Idempotency-Key") is None:
            yield one.pointer, "Take the header Idempotency-Key; actions of a Resource have it."


@rule(
    "response-if-match",
    "A write of a row that has an ETag takes If-Match",
    why="Without it the second of two who read the same row undoes the first.",
    source="API.md, concurrency; AIP-154; Zalando 182",
)
def response_if_match(reading: Reading) -> Found:
    tagged = {
        one.path
        for one in reading.operations
        if one.method == "get"
        and "ETag" in one.responses.get("200", ("", {}))[1].get("headers", {})
    }
    for one in reading.operations:
        written = one.method in ("put", "patch", "delete") and one.is_item and one.path in tagged
        if written and one.parameter("If-Match") is None:
            yield one.pointer, "Take the header If-Match."
