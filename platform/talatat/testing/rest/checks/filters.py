"""Filters: every declared operator gives the rows of which it holds, and no others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from talatat.testing.rest.case import Case, Row, want
from talatat.testing.rest.checks.sorting import value_at
from talatat.testing.rest.model import Family

of = Family("filters", "order, filter", needs=("list",))
MANY = 500
Values = list[Any]


def text_of(value: Any) -> str:
    """A value as a filter wants it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _below(row: Any, name: str) -> Values:
    """The values of a field in a row; of a field of a relation, one for each row that is related."""
    head, _, rest = name.partition(".")
    if not isinstance(row, dict) or head not in row:
        return []
    found = row[head]
    if not rest:
        return [found]
    return [
        one
        for below in (found if isinstance(found, list) else [found])
        for one in _below(below, rest)
    ]


def _plain(case: Case) -> Iterator[tuple[str, dict[str, Any]]]:
    """The filters whose field is shown, holds plain values, and stands in the row itself."""
    for name, operators in case.kind.filters.items():
        schema = case.kind.properties.get(name.partition(".")[0], {})
        if "." in name:
            inner = case.kind.resolved(schema).get("properties", {})
            schema = case.kind.resolved(inner.get(name.partition(".")[2], {}))
        kinds = schema.get("type")
        kinds = {kinds} if isinstance(kinds, str) else set(kinds or ())
        if kinds and not kinds & {"object", "array"}:
            yield name, operators


def _asked(case: Case, op: str) -> Iterator[tuple[str, list[Row]]]:
    """(filter, all rows) of the plain filters with this operator."""
    case.rows()
    found = [name for name, operators in _plain(case) if op in operators]
    if not found:
        raise case.lacks(f"no filter has {op}")
    rows = case.all(limit=MANY)
    for name in found:
        yield name, rows


def _ids(case: Case, name: str, op: str, value: str) -> set[str]:
    parameter = name if op == "eq" else f"{name}[{op}]"
    return {row["id"] for row in case.all({parameter: value}, MANY)}


def _holds(case: Case, op: str, holds: Callable[[Any, Any], bool]) -> None:
    """A row's value gives exactly the rows of which the operator holds."""
    for name, rows in _asked(case, op):
        values = [value_at(row, name) for row in rows]
        some = [one for one in values if one is not None]
        if not some:
            continue
        value = some[len(some) // 2]
        wanted = {
            row["id"]
            for row, one in zip(rows, values, strict=True)
            if one is not None and holds(one, value)
        }
        found = _ids(case, name, op, text_of(value))
        want(
            found == wanted,
            f"{name}[{op}]={value} gives {len(found)} rows, of {len(wanted)} it holds",
        )


@of.check("filter-eq", "eq gives the rows with this value")
def filter_eq(case: Case) -> None:
    _holds(case, "eq", lambda one, value: bool(one == value))


def _complement(case: Case, op: str, other: str) -> None:
    """Two operators share all rows between them."""
    for name, rows in _asked(case, other):
        some = [value_at(row, name) for row in rows if value_at(row, name) is not None]
        if not some:
            continue
        value = text_of(some[0])
        found, rest = _ids(case, name, op, value), _ids(case, name, other, value)
        want(not found & rest, f"{name}: a row is in {op} and in {other} of {value}")
        want(
            found | rest == {row["id"] for row in rows},
            f"{name}: {op} and {other} of {value} miss a row",
        )


@of.check("filter-ne", "ne gives all other rows, those without a value too")
def filter_ne(case: Case) -> None:
    _complement(case, "eq", "ne")


@of.check("filter-in", "in gives the rows with one of these values")
def filter_in(case: Case) -> None:
    for name, rows in _asked(case, "in"):
        some = list(
            dict.fromkeys(value_at(row, name) for row in rows if value_at(row, name) is not None)
        )[:2]
        if not some:
            continue
        wanted = {row["id"] for row in rows if value_at(row, name) in some}
        value = ",".join(text_of(one).replace(",", "\\,") for one in some)
        want(_ids(case, name, "in", value) == wanted, f"{name}[in]={value} gives others")


@of.check("filter-nin", "nin gives all other rows")
def filter_nin(case: Case) -> None:
    _complement(case, "in", "nin")


def _moment(value: Any) -> Any:
    if isinstance(value, str) and value.endswith("Z"):
        return value.removesuffix("Z") + ("" if "." in value else ".000000")
    return value


def _ordered(case: Case, op: str, holds: Callable[[Any, Any], bool]) -> None:
    """As `_holds`, for numbers and moments: how texts compare is the database's business."""
    seen = 0
    for name, rows in _asked(case, op):
        some = [value_at(row, name) for row in rows if value_at(row, name) is not None]
        if not some or isinstance(some[0], bool):
            continue
        if isinstance(some[0], str) and not all(
            one.endswith("Z") and one[10:11] == "T" for one in some
        ):
            continue
        seen += 1
        value = sorted(some, key=_moment)[len(some) // 2]
        wanted = {
            row["id"] for row in rows
            if value_at(row, name) is not None and holds(_moment(value_at(row, name)), _moment(value))
        }  # fmt: skip
        want(_ids(case, name, op, text_of(value)) == wanted, f"{name}[{op}]={value} gives others")
    if not seen:
        raise case.lacks(f"no number and no moment has {op}")


@of.check("filter-lt", "lt gives what is less")
def filter_lt(case: Case) -> None:
    _ordered(case, "lt", lambda one, value: bool(one < value))


@of.check("filter-lte", "lte gives what is at most this")
def filter_lte(case: Case) -> None:
    _ordered(case, "lte", lambda one, value: bool(one <= value))


@of.check("filter-gt", "gt gives what is greater")
def filter_gt(case: Case) -> None:
    _ordered(case, "gt", lambda one, value: bool(one > value))


@of.check("filter-gte", "gte gives what is at least this")
def filter_gte(case: Case) -> None:
    _ordered(case, "gte", lambda one, value: bool(one >= value))


def _of_text(
    case: Case, op: str, part: Callable[[str], str], holds: Callable[[str, str], bool]
) -> None:
    for name, rows in _asked(case, op):
        texts = [value_at(row, name) for row in rows if isinstance(value_at(row, name), str)]
        if not texts:
            continue
        value = part(max(texts, key=len))
        wanted = {row["id"] for row in rows if holds(value_at(row, name) or "", value)}
        found = _ids(case, name, op, value)
        want(found == wanted, f"{name}[{op}]={value} gives {len(found)} rows, not {len(wanted)}")


@of.check("filter-contains", "contains gives what holds this text, letter for letter")
def filter_contains(case: Case) -> None:
    _of_text(case, "contains", lambda text: text[1:4] or text, lambda text, part: part in text)


@of.check("filter-prefix", "prefix gives what begins with this text, letter for letter")
def filter_prefix(case: Case) -> None:
    _of_text(case, "prefix", lambda text: text[:3], str.startswith)


@of.check("filter-letters", "Signs that mean something to a database are letters like others")
def filter_letters(case: Case) -> None:
    for name, _ in _asked(case, "contains"):
        for sign in ("%", "_%_", "\\", "'", '"', "*", "[a-z]", "🙂", "') or 1=1 --"):
            for row in case.all({f"{name}[contains]": sign}, MANY):
                value = value_at(row, name)
                want(
                    isinstance(value, str) and sign in value,
                    f"{name}[contains]={sign} gives {value!r}",
                )


@of.check("filter-case", "Capital and small letters are told apart")
def filter_case(case: Case) -> None:
    for name, rows in _asked(case, "prefix"):
        texts = [one for one in (value_at(row, name) for row in rows) if isinstance(one, str)]
        turned = next((one.swapcase() for one in texts if one.swapcase() != one), None)
        if turned is not None and turned not in texts:
            want(not _ids(case, name, "eq", turned), f"{name}={turned} gives a row")
            found = _ids(case, name, "prefix", turned[:3])
            wanted = {
                row["id"] for row in rows if str(value_at(row, name) or "").startswith(turned[:3])
            }
            want(found == wanted, f"{name}[prefix]={turned[:3]} does not tell letters apart")


@of.check("filter-isnull", "isnull=true gives the rows without a value, false those with one")
def filter_isnull(case: Case) -> None:
    for name, rows in _asked(case, "isnull"):
        without = {row["id"] for row in rows if value_at(row, name) is None}
        if name not in case.kind.properties:
            continue  # what an addon shows of a row that is not there may be a default
        want(_ids(case, name, "isnull", "true") == without, f"{name}[isnull]=true gives others")
        rest = {row["id"] for row in rows} - without
        want(_ids(case, name, "isnull", "false") == rest, f"{name}[isnull]=false gives others")


@of.check("every-operator-answers", "Every operator of every declared filter is there")
def every_operator(case: Case) -> None:
    case.rows()
    row = case.row() if "get" in case.kind.operations else case.rows(1)[0]
    bodies = case.server.bodies(case.kind)
    for name, operators in case.kind.filters.items():
        for op, schema in operators.items():
            found = [one for one in _below(row, name) if isinstance(one, str | int | float)]
            value = found[0] if found and op != "isnull" else bodies.values.first(name, schema, 1)
            if op == "isnull":
                value = True
            if schema.get("type") == "string" and "format" not in schema and not found:
                continue  # a filter of the resource's own: nobody knows what it reads
            parameter = name if op == "eq" else f"{name}[{op}]"
            case.get(query={parameter: text_of(value)}).must(200)


@of.check("documented-operators-answer", "No operator is documented that is refused as unknown")
def documented_operators(case: Case) -> None:
    for name, operators in case.kind.filters.items():
        for op in operators:
            parameter = name if op == "eq" else f"{name}[{op}]"
            answer = case.get(query={parameter: "true" if op == "isnull" else "1"}).must(200, 400)
            told = answer.body.decode("utf-8", "replace")
            want(
                f"no operator {op!r}" not in told and "not an operator" not in told,
                "it is refused",
                answer,
            )


@of.check("unknown-operator", "An unknown operator is refused")
def unknown_operator(case: Case) -> None:
    for name in list(case.kind.filters)[:3]:
        for op in ("like", "EQ", "regex", ""):
            case.get(query={f"{name}[{op}]": "1"}).refuses(400)


@of.check("undeclared-field", "A field that is not declared as a filter is refused, not ignored")
def undeclared_field(case: Case) -> None:
    some = [one for one in case.kind.properties if one not in case.kind.filters]
    names = [one for one in some if not any(f.startswith(f"{one}.") for f in case.kind.filters)]
    if not names:
        raise case.lacks("every field is a filter")
    for name in names:
        case.get(query={name: "1"}).refuses(400, "unknown_parameter", name)


@of.check("bad-value", "A value that is none of the filter's type is refused")
def bad_value(case: Case) -> None:
    seen = 0
    for name, operators in case.kind.filters.items():
        schema = operators.get("eq", {})
        if schema.get("type") not in ("integer", "number", "boolean") and not schema.get("format"):
            continue
        seen += 1
        for op in {"eq", "in", "gt"} & set(operators):
            parameter = name if op == "eq" else f"{name}[{op}]"
            for text in ("nonsense", "", "1 or 1=1"):
                case.get(query={parameter: text}).refuses(400, "invalid_parameter", parameter)
    if not seen:
        raise case.lacks("every filter takes any text")


@of.check("huge-value", "A number that no column holds is refused or finds nothing")
def huge_value(case: Case) -> None:
    found = [
        one for one, ops in case.kind.filters.items() if ops.get("eq", {}).get("type") == "integer"
    ]
    if not found:
        raise case.lacks("no filter takes a number")
    for name in found:
        for text in (str(2**31), str(2**63), str(-(2**63) - 1), "9" * 60):
            answer = case.get(query={name: text}).must(200, 400)
            want(answer.status == 400 or not answer.json["items"], "it finds a row", answer)


@of.check("many-values", "A list of thousands of values is refused")
def many_values(case: Case) -> None:
    most = case.server.limit("max_filter_values", 200)
    found = [one for one, ops in case.kind.filters.items() if "in" in ops and one == "id"]
    if not found:
        raise case.lacks("no id in a list")
    value = ",".join([case.strange_id()] * (most + 1))
    case.get(query={"id[in]": value}).refuses(400, "invalid_parameter", "id[in]")


@of.check("two-filters", "Two filters hold both")
def two_filters(case: Case) -> None:
    rows = case.rows(2)
    if "id" not in case.kind.filters:
        raise case.lacks("it has no filter by id")
    one, other = rows[0]["id"], rows[1]["id"]
    both = case.get(query={"id[in]": f"{one},{other}", "id[ne]": other}).must(200)
    want([row["id"] for row in both.json["items"]] == [one], "it gives others", both)


@of.check("no-row-is-found", "What no row has gives an empty page, with 200")
def no_row(case: Case) -> None:
    if "id" not in case.kind.filters:
        raise case.lacks("it has no filter by id")
    answer = case.get(query={"id": case.strange_id()}).must(200)
    page = answer.json
    want(
        page["items"] == [] and page["next"] is None and page["prev"] is None,
        "it gives more",
        answer,
    )
