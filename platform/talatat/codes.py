"""The platform's own codes of problems: the one list that documents, pages and defaults follow from.

A code is stable. The first of a status is the code of an HTTP exception that carries none of its own.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Code:
    """`meaning` is a sentence about what went wrong, `remedy` about what a client does."""

    code: str
    status: int
    meaning: str
    remedy: str


PLATFORM_CODES = (
    Code(
        "bad_request",
        400,
        "The request cannot be understood.",
        "Correct the request as `detail` says. Sent again as it is, it fails again.",
    ),
    Code(
        "malformed_json",
        400,
        "The body is not a JSON document in UTF-8.",
        "Send one JSON document in UTF-8. `detail` tells where it breaks off.",
    ),
    Code(
        "duplicate_member",
        400,
        "A name occurs twice in one object of the body.",
        "Name each member of an object once; which of two values is meant cannot be told.",
    ),
    Code(
        "too_deep",
        400,
        "The body is nested too deeply.",
        "Send a flatter document; `limits.max_body_depth` of `GET /api` tells how deep one may be.",
    ),
    Code(
        "nul_character",
        400,
        "The body holds the character U+0000, which cannot be stored.",
        "Take U+0000 out of the texts that you send.",
    ),
    Code(
        "unexpected_body", 400, "The operation takes no body.", "Send the request without a body."
    ),
    Code(
        "redirect_refused",
        400,
        "The answer would lead to another site, which nobody meant.",
        "Take out of the request what names another site. An addon that means it says so: "
        "`talatat.security.leave`.",
    ),
    Code(
        "unknown_parameter",
        400,
        "A query parameter is not one of this operation's.",
        "Take the parameter away or correct its name; `detail` lists the known ones. None is "
        "ever ignored, so that a misspelt filter does not show everything.",
    ),
    Code(
        "unknown_field",
        400,
        "`fields` names what is not a field.",
        "Name fields that the operation's schema has, with a dot before a nested one.",
    ),
    Code(
        "unknown_relation",
        400,
        "`expand` names what cannot be expanded, or not by these credentials.",
        "Name relations that the operation's `expand` lists.",
    ),
    Code(
        "repeated_parameter",
        400,
        "A query parameter is given more than once.",
        "Give each parameter once. Several values of a filter: `field[in]=a,b`.",
    ),
    Code(
        "invalid_parameter",
        400,
        "A query parameter's value cannot be used; `errors` says why.",
        "Correct the value; `errors` names the parameter and what it takes.",
    ),
    Code(
        "invalid_cursor",
        400,
        "The cursor was not made by this server for this query.",
        "Begin again at the first page, and follow `next` and `prev` as they are. A cursor "
        "holds for the filters and the order that it was made for.",
    ),
    Code(
        "idempotency_key_invalid",
        400,
        "`Idempotency-Key` is not 1 to 255 printable ASCII characters.",
        "Make a new random key for each thing that you want done, such as a UUID.",
    ),
    Code(
        "idempotency_key_required",
        400,
        "The operation wants an `Idempotency-Key`.",
        "Send a new random key with each new request, and the same one when you send a "
        "request again.",
    ),
    Code(
        "idempotency_key_refused",
        400,
        "The operation answers a secret, so it takes no `Idempotency-Key`.",
        "Leave the header out. If no answer came, list what was made and take it away.",
    ),
    Code(
        "unauthorized",
        401,
        "Credentials are missing or not valid.",
        "Send `Authorization: Bearer` with a token that is valid, or log in. `WWW-"
        "Authenticate` says what is accepted.",
    ),
    Code(
        "forbidden",
        403,
        "The credentials do not permit this.",
        "Use credentials that hold the permission; the operation's `x-permission` names it.",
    ),
    Code(
        "reauthentication_needed",
        403,
        "The login behind the request is too old for this.",
        "Log in again, as `reauthenticate` says, and send the request again. `max_age` tells how many seconds"
        " a login counts as recent. A token cannot do everything: some things take a session.",
    ),
    Code(
        "csrf_failed",
        403,
        "A cookie authenticates the request; send the login's `csrf_token` as X-CSRF-Token.",
        "Send the `csrf_token` that the login answered as the header `X-CSRF-Token`. A client"
        " that is no browser uses a bearer token and needs none.",
    ),
    Code(
        "origin_refused",
        403,
        "A page of another site made the request.",
        "Call from a page of this server, or with a bearer token. For pages of another origin"
        " the operator lists it in `talatat.cors_origins`.",
    ),
    Code(
        "not_found",
        404,
        "There is no such thing, or it may not be seen.",
        "Check the path and the id. What one may not see is not found either.",
    ),
    Code(
        "method_not_allowed",
        405,
        "The path does not take this method; see `Allow`.",
        "Use one of the methods in `Allow`.",
    ),
    Code(
        "not_acceptable",
        406,
        "The answer cannot be given in an accepted content type.",
        "Send `Accept: application/json`, or leave the header out.",
    ),
    Code(
        "request_timeout",
        408,
        "The request was not complete in time.",
        "Send the whole request at once; it was not carried out.",
    ),
    Code(
        "conflict",
        409,
        "The request contradicts what is stored.",
        "Read what is stored, decide anew, and send the request again.",
    ),
    Code(
        "duplicate",
        409,
        "A value that must be unique is taken.",
        "Choose another value for the field that `errors` points to, or use the row that has it.",
    ),
    Code(
        "reference",
        409,
        "A row that is referred to is missing, or this one is still referred to.",
        "Make the row that is referred to first; or take away what refers to this one.",
    ),
    Code(
        "constraint",
        409,
        "A constraint of the database refuses a value.",
        "Correct the value that `errors` points to.",
    ),
    Code(
        "patch_test_failed",
        409,
        "A `test` of the JSON patch does not hold; nothing was changed.",
        "Read the row again, and make the patch anew on that state.",
    ),
    Code(
        "idempotency_in_progress",
        409,
        "A request with this `Idempotency-Key` is being carried out.",
        "Send the request again after `Retry-After` seconds, with the same key.",
    ),
    Code(
        "idempotency_not_repeated",
        409,
        "The request was carried out; its answer is not given again.",
        "Do not send it again: it was carried out, and answered `original_status`. Read the "
        "result, at `location` if there is one.",
    ),
    Code(
        "cursor_expired",
        410,
        "The cursor belongs to a state of the database that is gone, as before a restore.",
        "Begin again without a cursor: the answer begins with every row that there is.",
    ),
    Code(
        "precondition_failed",
        412,
        "The row has changed since its ETag was read; `current` shows it.",
        "Read the row again (`current` shows it), make the change on that state, and send it "
        "with the new ETag.",
    ),
    Code(
        "body_too_large",
        413,
        "The body is larger than is accepted.",
        "Send less at once; `limits.max_body_bytes` of `GET /api` tells how much is accepted.",
    ),
    Code(
        "unsupported_media_type",
        415,
        "The Content-Type is missing or not one that is accepted.",
        "Say what the body is: `Content-Type: application/json`.",
    ),
    Code(
        "misdirected_request",
        421,
        "The request names a host that this system does not answer for.",
        "Use the URL that you were given; `servers` of the OpenAPI document names it too.",
    ),
    Code(
        "invalid",
        422,
        "The body does not fit the schema; `errors` says where.",
        "Correct every place that `errors` points to. All of them are told at once.",
    ),
    Code(
        "too_many_items",
        422,
        "A batch has more items than are accepted.",
        "Send the items in several batches; `limits` of `GET /api` tells how many one takes.",
    ),
    Code(
        "idempotency_key_reused",
        422,
        "The `Idempotency-Key` was used with another request.",
        "Send a new key with a new request. The same key goes with the same request only: "
        "method, path, query, content type and body.",
    ),
    Code(
        "url_refused",
        422,
        "A URL leads to where this server does not call.",
        "Give the URL of a public server over https. The operator of this server lists others in "
        "the setting `talatat.outbound.allow`.",
    ),
    Code(
        "dependency_failed",
        424,
        "Another server that this answer depends on is away, too slow, or answers nonsense.",
        "Try again later; `detail` says what is wrong with the other server.",
    ),
    Code(
        "precondition_required",
        428,
        "Send `If-Match` with the ETag of the row.",
        "Read the row, and send its ETag as `If-Match`.",
    ),
    Code(
        "too_many_requests",
        429,
        "Wait as long as `Retry-After` says.",
        "Wait as long as `Retry-After` says, and ask less often from then on.",
    ),
    Code(
        "headers_too_large",
        431,
        "The request line and the headers are larger than is accepted.",
        "Send fewer or shorter headers, cookies among them.",
    ),
    Code(
        "internal_error",
        500,
        "The server failed. The log tells why, under `request_id`.",
        "Tell the operator the `request_id`. If it was a write, read before you try it again.",
    ),
    Code(
        "unavailable",
        503,
        "The service cannot answer now; try again after `Retry-After` seconds.",
        "Try again after `Retry-After` seconds.",
    ),
    Code(
        "not_applied",
        503,
        "The database is not at this composition; `command` brings it there.",
        "The operator runs `command`. Try again after `Retry-After` seconds.",
    ),
    Code(
        "superseded",
        503,
        "The database has gone beyond this process; `command` installs what serves it.",
        "The operator starts the newer process. Try again after `Retry-After` seconds.",
    ),
    Code(
        "database_unavailable",
        503,
        "The database cannot be reached; try again after `Retry-After` seconds.",
        "Try again after `Retry-After` seconds.",
    ),
    Code(
        "overloaded",
        503,
        "The server has more to do than it can; the request was not begun.",
        "Send the request again after `Retry-After` seconds, and wait longer each time that it is "
        "refused.",
    ),
    Code(
        "busy",
        503,
        "A lock was waited for in vain; try again after `Retry-After` seconds.",
        "Send the request again as it is, after `Retry-After` seconds.",
    ),
)

CODES: dict[str, str] = {one.code: one.meaning for one in PLATFORM_CODES}
CODES_OF_STATUS: dict[int, tuple[str, ...]] = {
    status: tuple(one.code for one in PLATFORM_CODES if one.status == status)
    for status in dict.fromkeys(one.status for one in PLATFORM_CODES)
}
CODE_OF_STATUS: dict[int, str] = {status: codes[0] for status, codes in CODES_OF_STATUS.items()}
