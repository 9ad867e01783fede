"""What an addon writes: a `Resource` class, and its actions.

    class Orders(Resource):
        name = "orders"
        model = Order
        schema = OrderSchema
        permissions = {"read": "orders.read", "write": "orders.write"}
        filters = ("customer_id", "state")
        sorts = ("created_at",)

        @collection_action("checkout", permission="orders.checkout", body=CheckoutSchema, status=201)
        def checkout(self, request, body):
            return order

One declaration gives list, get, create, replace, patch and delete under
`/api/<addon>/v<version>/<name>`, their OpenAPI document, permissions, paging and errors.

Fields are nodes of the schema. Beside what colander knows, a node may say: `attribute="price"` (the
name on the model, or a function of the row for a read-only field), `read_only`, `write_only`,
`create_only`, `read_permission`, `write_permission` and `nullable`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from talatat.resources.deprecation import Deprecation

if TYPE_CHECKING:
    import colander
    from pyramid.request import Request
    from sqlalchemy import Select

    from talatat.system import System

OPERATIONS = ("list", "get", "create", "replace", "patch", "delete")
READING = frozenset({"list", "get"})
WRITING = tuple(name for name in OPERATIONS if name not in READING)

BUILT_IN_VERBS = {"collection": ("batch", "changes", "search"), "item": ("restore",)}
"""Verbs that the platform gives to every resource, so that they mean the same everywhere."""

MapFilter = Callable[[Any, str, str, Any], Any]
"""(query, name, op, value) -> query: a filter of a declared open map, or of one field."""


Problems = Mapping[str, str | tuple[int, str]]
"""Code -> what it means, or (status, what it means); 409 where no status is said."""


@dataclass(frozen=True)
class Action:
    """One verb of a resource: `POST /<resources>:verb` or `POST /<resources>/<id>:verb`."""

    verb: str
    level: Literal["collection", "item"]
    permission: str | None
    body: type[colander.MappingSchema] | None
    status: int
    response: type[colander.MappingSchema] | None
    problems: Mapping[str, tuple[int, str]]
    require_idempotency_key: bool | None = None
    """None: as the resource says."""
    answers_secret: bool = False
    recent_login: bool | Literal["always"] = False
    deprecated: Deprecation | None = None
    limit: str | None = None
    """None: as the resource says."""
    description: str = ""
    method: str = ""


def collection_action(
    verb: str,
    permission: str | None = None,
    body: type[colander.MappingSchema] | None = None,
    status: int = 200,
    response: type[colander.MappingSchema] | None = None,
    problems: Problems | None = None,
    require_idempotency_key: bool | None = None,
    answers_secret: bool = False,
    recent_login: bool | Literal["always"] = False,
    deprecated: Deprecation | None = None,
    limit: str | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare a method as `POST /<resources>:verb`: fn(self, request) or, with `body`, (..., body).

    What it returns is the answer: a row is shown as the resource shows rows, a dict as it is, None
    as 204. The documentation takes that from the annotation (`-> Order`, `-> None`), or from `response`,
    the schema of a dict. `permission` is the resource's "write" where left out; `problems` maps codes
    that it raises to what they mean, 409 unless it says (status, text). `require_idempotency_key` refuses
    a request without one (None: as the resource says), `answers_secret` one with a key, for its answer
    would have to be kept. `recent_login` asks for the password again where the login is old, see
    `talatat.security.recent`. `deprecated` tells clients to move on. `limit` names a limit of
    `config.add_limit` that requests count against (None: as the resource says).
    """
    action = Action(
        verb, "collection", permission, body, status, response, problems_of(problems), require_idempotency_key,
        answers_secret, recent_login, deprecated, limit,
    )  # fmt: skip
    return _marking(action)


def item_action(
    verb: str,
    permission: str | None = None,
    body: type[colander.MappingSchema] | None = None,
    status: int = 200,
    response: type[colander.MappingSchema] | None = None,
    problems: Problems | None = None,
    require_idempotency_key: bool | None = None,
    answers_secret: bool = False,
    recent_login: bool | Literal["always"] = False,
    deprecated: Deprecation | None = None,
    limit: str | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare a method as `POST /<resources>/<id>:verb`: fn(self, request, row[, body]).

    The row is in the scope of the request and locked. See `collection_action`.
    """
    action = Action(
        verb, "item", permission, body, status, response, problems_of(problems), require_idempotency_key,
        answers_secret, recent_login, deprecated, limit,
    )  # fmt: skip
    return _marking(action)


def _marking(action: Action) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The decorator that makes a method the action, told by its docstring."""

    def mark(method: Callable[..., Any]) -> Callable[..., Any]:
        told = (method.__doc__ or "").strip()
        method.talatat_action = replace(  # type: ignore[attr-defined]
            action, description=told, method=method.__name__
        )
        return method

    return mark


def problems_of(problems: Problems | None) -> dict[str, tuple[int, str]]:
    """{code: (status, text)} of declared problems."""
    return {
        code: (409, said) if isinstance(said, str) else said
        for code, said in (problems or {}).items()
    }


def writer(*attributes: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Let a method write these attributes in place of `setattr`: fn(self, request, row, value).

    Only a request that changes one of them takes a session for it.
    """

    def mark(method: Callable[..., None]) -> Callable[..., None]:
        method.talatat_writes = attributes  # type: ignore[attr-defined]
        return method

    return mark


@dataclass(frozen=True)
class Ranking:
    """What `Resource.search` returns: a selectable with the columns `id` and `score`, best highest."""

    rows: Any


class Resource:
    """A declared kind of thing. One instance serves one composed system; it keeps no request state."""

    name: ClassVar[str]
    model: ClassVar[type[Any]]
    schema: ClassVar[Any] = None
    version: ClassVar[int] = 1
    addon: ClassVar[str | None] = None
    """The addon whose resource this is; the declaring one unless an override says otherwise."""

    permissions: ClassVar[Mapping[str, str]] = {}
    """"read" and "write", or one for each operation; "public" opens."""
    operations: ClassVar[Sequence[str]] = OPERATIONS
    filters: ClassVar[Sequence[str] | Mapping[str, Any]] = ()
    """Field names; "relation.field" asks rows that are related. A mapping gives a name's own
    filter: a column, or fn(query, name, op, value) -> query. It narrows the query and does no more: in
    a search it is given a SELECT of the ids alone, which becomes one condition of a tree."""
    sorts: ClassVar[Sequence[str] | Mapping[str, Any]] = ()
    default_sort: ClassVar[Sequence[str]] = ("id",)
    open_maps: ClassVar[Mapping[str, MapFilter]] = {}
    problems: ClassVar[Problems] = {}
    """Codes that its own code (`apply`, `remove`, hooks) raises in writes, for the documentation."""
    require_if_match: ClassVar[bool] = False
    require_idempotency_key: ClassVar[bool] = False
    """Whether a create, a batch and the actions want an `Idempotency-Key`."""
    answers_secret: ClassVar[bool] = False
    """Whether a new row is shown with a secret: then these take no key, for no secret is kept."""
    deprecated: ClassVar[Deprecation | None] = None
    """That the whole resource is going to go; an action may say so of itself."""
    limit: ClassVar[str | None] = None
    """A limit of `config.add_limit` that its requests count against, beside the platform's."""
    page_size: ClassVar[int] = 50
    max_page_size: ClassVar[int] = 500
    cache_control: ClassVar[str] = "private, no-cache"
    keeps_deleted: ClassVar[bool] = False
    """Keep what a DELETE takes away, with all that belongs to it, so that `:restore` brings it back."""
    has_changes: ClassVar[bool] = True
    """Whether what is listed has a change feed. False for rows that are never changed and are numbered
    themselves: each would be noted once more, for ever."""
    parts: ClassVar[Sequence[str] | None] = None
    """Relationships whose rows belong to a row, so that a change of theirs is one of the row in the
    change feed. None: those to tables that are no resource of their own, and tables between."""

    system: System
    """What this resource is composed into; set before the first request."""

    def scope(self, request: Request, query: Select[Any]) -> Select[Any]:
        """Narrow `query` to the rows that this request may see at all."""
        return query

    def load_options(self, request: Request) -> Sequence[Any]:
        """ORM options for what the representation touches, such as `selectinload(Order.lines)`.

        Rows are narrowed by `scope`. A page whose fields are columns is read without entities, and without
        these, as long as they name loaders and models alone.
        """
        return ()

    search: ClassVar[Any] = None
    """def search(self, request, text) -> Ranking: makes `q=` a parameter of the list."""
    searched: ClassVar[Sequence[str] | None] = None
    """Names of the fields that `search` looks at, so that `q=` is for those who may read them. None:
    perhaps all, so that it is for those who may read every field."""

    writers: ClassVar[Mapping[str, Callable[..., None]]] = {}
    """{attribute: the method that writes it}, of those that `writer` has marked."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        own = {
            name: method
            for method in vars(cls).values()
            for name in getattr(method, "talatat_writes", ())
        }
        cls.writers = {**cls.writers, **own}

    def build(self, request: Request, changes: Mapping[str, Any]) -> Any:
        """A new row for a create; `changes` are applied to it afterwards."""
        return self.model()

    def apply(self, request: Request, row: Any, changes: Mapping[str, Any]) -> None:
        """Write validated `changes` ({attribute: value}) onto `row`: by its writer, or as an attribute.

        Who wants to see all changes together overrides this; rows are then always written by a session.
        """
        for attribute, value in changes.items():
            write = self.writers.get(attribute)
            if write is None:
                setattr(row, attribute, value)
            else:
                write(self, request, row, value)

    def remove(self, request: Request, row: Any) -> None:
        """Delete `row`, for a DELETE."""
        request.db.delete(row)


def actions_of(resource: type[Resource]) -> list[Action]:
    """The actions of a resource class, in the order of their declaration, overrides included."""
    found: dict[str, Action] = {}
    for kind in reversed(resource.__mro__):
        for name, value in vars(kind).items():
            action = getattr(value, "talatat_action", None)
            if action is not None:
                found[name] = action
            elif name in found:
                del found[name]  # overridden by something that is no action
    return list(found.values())


def idempotency_of(resource: type[Resource], action: Action | None = None) -> str | None:
    """What a create, a batch or an action does about a key: "required", "refused" or None (may be)."""
    if resource.answers_secret if action is None else action.answers_secret:
        return "refused"
    own = None if action is None else action.require_idempotency_key
    required = resource.require_idempotency_key if own is None else own
    return "required" if required else None


def has_changes(resource: type[Resource]) -> bool:
    """Whether the resource has a change feed."""
    return resource.has_changes and "list" in resource.operations


def permission_of(resource: type[Resource], operation: str) -> str | None:
    """The permission of an operation: its own, or that of reading or writing; None if not said."""
    own = resource.permissions.get(operation)
    if own is not None:
        return own
    return resource.permissions.get("read" if operation in READING else "write")
