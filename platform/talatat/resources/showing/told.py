"""What code reads of a row, told by reading the code: the columns and functions of the model that it names.

A `View` then has just those. It looks like an entity as far as was told; whatever else is asked of it raises
`Unread`, so that what was told wrongly is found out and never shown.
"""

from __future__ import annotations

import inspect
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import CodeType, FunctionType
from typing import Any, NoReturn

from sqlalchemy import orm
from sqlalchemy.ext.hybrid import hybrid_property

from talatat.db.money_of import MoneyOf

Read = Callable[[Any], Any]

COLUMN = object()  # what a member is that is read with the row
_ABSENT = object()
_LOADERS = frozenset(
    getattr(orm, name)
    for name in (
        "contains_eager", "defaultload", "defer", "immediateload", "joinedload", "lazyload", "load_only",
        "noload", "raiseload", "selectinload", "subqueryload", "undefer",
    )
)  # fmt: skip


class Unread(BaseException):
    """A property asked for what was not read with its row.

    It is no Exception, so that code with an `except Exception` around what it asks cannot take it for an answer.
    """


class View(tuple[Any, ...]):
    """A row that looks like the model's own as far as was read; anything else raises `Unread`.

    It is the tuple of the row: to make one, and to read a column of it, runs no code of Python's.
    """

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        raise Unread(name)

    def _unread(self, *given: Any) -> NoReturn:
        raise Unread("what it is as a whole")

    # What every object has, and a model may have otherwise.
    __bool__ = __dir__ = __eq__ = __format__ = __hash__ = __len__ = __ne__ = _unread
    __iter__ = __reduce_ex__ = __repr__ = __str__ = _unread
    # And what a tuple has.
    __add__ = __mul__ = __rmul__ = __contains__ = __getitem__ = __getnewargs__ = _unread
    __lt__ = __le__ = __gt__ = __ge__ = count = index = _unread


def refuse_loaded_with_more(model: type[Any]) -> None:
    """Raise Unread for a model whose entities are more than their columns."""
    mapper = model.__mapper__
    listened = mapper.class_manager.dispatch.load
    getting: Any = model.__getattribute__
    own = getting is not object.__getattribute__ or hasattr(model, "__getattr__")
    if mapper.inherits or mapper.polymorphic_on is not None or listened or own:
        raise Unread(model.__name__)


def is_column(model: type[Any], name: Any) -> bool:
    """Whether an attribute of `model` is a column whose value is the same for everybody."""
    if not isinstance(name, str) or name not in model.__mapper__.column_attrs:
        return False
    # What `query_expression` is worth is said by options of the loading.
    return ("query_expression", True) not in model.__mapper__.column_attrs[name].strategy_key


def members_of(model: type[Any], attributes: Iterable[Any]) -> dict[str, Any]:
    """What reading `attributes` takes of `model`: {column: COLUMN, name of what else: it}.

    A function of the row stands for an attribute as well. Raises Unread for what cannot be told from the
    columns of its row.
    """
    members: dict[str, Any] = {}
    for name in attributes:
        _note(model, name, members)
    return members


def view_of(model: type[Any], members: Mapping[str, Any], places: Mapping[str, int]) -> type[View]:
    """A class of views on rows that hold the columns among `members` at `places`."""
    namespace: dict[str, Any] = {"__slots__": (), "__class__": property(lambda _: model)}
    for name, member in members.items():
        namespace[name] = _reader(places[name]) if member is COLUMN else member
    return type(f"{model.__name__}View", (View,), namespace)


def only_loads(function: Any) -> bool:
    """Whether a `load_options` names nothing but loader strategies and attributes of models to load.

    Then its options are about entities. Others narrow the rows (`with_loader_criteria`), or nobody can tell.
    """
    code = getattr(function, "__code__", None)
    if code is None or code.co_freevars:
        return False
    named, scope = set(_names(code)), function.__globals__
    known = [scope[name] for name in named if name in scope]
    models = [one for one in known if hasattr(one, "__mapper__")]
    loaders = [one for one in known if inspect.isfunction(one) and one in _LOADERS]
    return len(models) + len(loaders) == len(known) and all(
        name in scope or any(hasattr(model, name) for model in models) for name in named
    )


def _reader(at: int) -> Any:
    """The descriptor of what stands at a place, as a named tuple has it."""
    return vars(namedtuple("Columns", [f"at{number}" for number in range(at + 1)]))[f"at{at}"]


def _note(model: type[Any], name: Any, members: dict[str, Any]) -> None:
    """Note what reading an attribute takes: columns and functions by name."""
    if isinstance(name, FunctionType):
        _note_used(model, name, members)
        return
    if not isinstance(name, str):
        raise Unread(name)
    if name in members:
        return
    if is_column(model, name):
        members[name] = COLUMN
        return
    _note_member(model, name, members)


def _note_member(model: type[Any], name: str, members: dict[str, Any]) -> None:
    """Note what is no column."""
    member = inspect.getattr_static(model, name, _ABSENT)
    if name in model.__mapper__.attrs or member is _ABSENT:
        raise Unread(name)
    if isinstance(member, hybrid_property):
        member = property(member.fget)
    function = member.fget if isinstance(member, property) else member
    if isinstance(member, MoneyOf):
        members[name] = member
        for column in member.columns:
            _note(model, column, members)
    elif isinstance(function, FunctionType):
        members[name] = member
        _note_used(model, function, members)
    elif hasattr(member, "__get__"):
        raise Unread(name)
    else:
        members[name] = member


def _note_used(model: type[Any], function: FunctionType, members: dict[str, Any]) -> None:
    for used in _names(function.__code__):
        mapped = used in model.__mapper__.all_orm_descriptors
        if mapped or inspect.getattr_static(model, used, _ABSENT) is not _ABSENT:
            _note(model, used, members)
        elif used == "type":  # which a view cannot pretend
            raise Unread(used)


def _names(code: CodeType) -> Iterator[str]:
    """The names that code uses, and code within it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
