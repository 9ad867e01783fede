"""Changes of a column's type in PostgreSQL: which write the table again, and which hold less."""

from __future__ import annotations

_ALIASES = {
    "integer": "int4", "int": "int4", "bigint": "int8", "smallint": "int2", "boolean": "bool",
    "character varying": "varchar", "character": "bpchar", "char": "bpchar", "decimal": "numeric",
    "real": "float4", "double precision": "float8", "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamptz", "time without time zone": "time",
}  # fmt: skip
# Times are kept to the microsecond: saying so changes nothing.
_TIMES = {"timestamp", "timestamptz", "time", "timetz", "interval"}
_MICROSECONDS = 6
_WHOLE = {"int2": 5, "int4": 10, "int8": 19}
# The most characters that a value takes when it is written as text.
_WRITTEN = {
    "int2": 6,
    "int4": 11,
    "int8": 20,
    "bool": 5,
    "uuid": 36,
    "date": 13,
    "timestamp": 29,
    "timestamptz": 35,
}
# What each type can become without any value being refused or changed, besides itself and text.
_WIDER = {
    "int2": {"int4", "int8", "float4", "float8"},
    "int4": {"int8", "float8"},
    "float4": {"float8"},
    "date": {"timestamp", "timestamptz"},
    "timestamp": {"timestamptz"},
    "json": {"jsonb"},
    "jsonb": {"json"},
    "cidr": {"inet"},
    "bpchar": {"varchar", "text"},
}
# What holds less than some other type of its kind: suspected where the old type is not known.
_NARROW = {"int2", "int4", "float4", "date", "bool", "bpchar"}


def split(name: str) -> tuple[str, tuple[int, ...]]:
    """A type's name in the catalogue's words and its limits: `varchar(20)` is ("varchar", (20,))."""
    bare, _, rest = name.partition("(")
    inside, _, after = rest.partition(")")
    limits = tuple(int(one) for one in inside.split(",") if one.strip().isdigit())
    words = f"{bare.strip().lower()}{after.lower()}".strip()
    name = _ALIASES.get(words, words)
    if name in _TIMES and limits == (_MICROSECONDS,):
        limits = ()
    return name, limits


def rewrites(old: str | None, new: str) -> bool:
    """Whether changing a column's type writes the table again; where `old` is not known, it may."""
    if old is None:
        return True
    (was, had), (becomes, has) = split(old), split(new)
    if was == becomes == "varchar" or {was, becomes} <= {"varchar", "text"}:
        return bool(has) and (not had or has[0] < had[0])
    if was == becomes == "numeric":
        return bool(has) and (
            not had or len(has) != len(had) or has[0] < had[0] or has[1:] != had[1:]
        )
    if was == becomes:
        return bool(has) and (not had or has < had)
    return (was, becomes) != ("cidr", "inet")


def narrows(old: str | None, new: str) -> bool:
    """Whether values that the old type held are refused or cut by the new one (or may be)."""
    becomes, has = split(new)
    if old is None:
        return bool(has) or becomes in _NARROW
    was, had = split(old)
    if becomes == "text" or (becomes == "varchar" and not has):
        return False
    if becomes == "numeric":
        return _narrows_numeric(was, had, has)
    if becomes in {"varchar", "bpchar"}:
        room = has[0] if has else 1
        longest = had[0] if was in {"varchar", "bpchar"} and had else _WRITTEN.get(was)
        return longest is None or room < longest
    if was == becomes:
        return bool(has) and (not had or has[0] < had[0])
    return becomes not in _WIDER.get(was, set())


def _narrows_numeric(was: str, had: tuple[int, ...], has: tuple[int, ...]) -> bool:
    if not has:
        return was not in {*_WHOLE, "numeric", "float4", "float8"}
    scale = has[1] if len(has) > 1 else 0
    whole = has[0] - scale
    if was in _WHOLE:
        return whole < _WHOLE[was]
    if was != "numeric" or not had:
        return True
    old_scale = had[1] if len(had) > 1 else 0
    return scale < old_scale or whole < had[0] - old_scale
