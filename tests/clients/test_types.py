"""What the generators make of the document is typed: no answer of a resource is `any`, `unknown` or `Any`."""

import re
from typing import Any

from .generated import Made

COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
TYPE = re.compile(r"^export type (\w+) = (.*?);$(?=\n\n|\Z)", re.MULTILINE | re.DOTALL)


def types_of(made: Made) -> dict[str, str]:
    """Name -> text of all TypeScript types, without comments."""
    text = COMMENT.sub("", (made.folder / "typescript" / "shop" / "types.gen.ts").read_text())
    return dict(TYPE.findall(re.sub(r"\n\s*\n(?!export)", "\n", text)))


def operations(made: Made) -> list[tuple[str, dict[str, Any]]]:
    """operationId and operation of all that the document holds."""
    return [
        (operation["operationId"], operation)
        for item in made.document()["paths"].values()
        for operation in item.values()
        if isinstance(operation, dict) and "operationId" in operation
    ]


def own(made: Made) -> tuple[str, ...]:
    """How types of the platform's own begin: problems, health, documents; some hold any JSON in truth."""
    schemas = made.document()["components"]["schemas"]
    names = [name for name, schema in schemas.items() if schema.get("x-addon") == "talatat"]
    names.remove("money")
    return ("Talatat", *("".join(map(str.capitalize, name.split("_"))) for name in names))


def test_typescript_knows_the_types_of_all_answers(made: Made) -> None:
    types = types_of(made)
    loose = {name for name, text in types.items() if re.search(r"\b(any|unknown)\b", text)}
    # `Writable` is a copy of a type without its read-only fields, which no operation takes.
    assert not [
        name for name in loose if not name.startswith(own(made)) and name[-8:] != "Writable"
    ]
    assert "price?: Money;" in types["CatalogProducts"]
    assert "loyalty?: CatalogProductsLoyalty;" in types["CatalogProducts"]
    assert "[key: string]: string | number | boolean;" in types["CatalogProducts"]
    assert "expected_price?: Money | null;" in types["OrdersOrdersCheckoutBody"]
    assert "409: Problem;" in types["OrdersOrdersCheckoutErrors"]


def test_python_imports_without_a_warning_and_knows_the_types_of_all_answers(made: Made) -> None:
    seen = made.run("python", "everything")
    assert seen["modules"] > 100
    # What has no body is Any to the generator.
    bare = {
        re.sub("[.-]", "_", name)
        for name, operation in operations(made)
        if any(
            "content" not in one and "$ref" not in one for one in operation["responses"].values()
        )
    }
    loose = [name for name in seen["untyped"] if not name.startswith(own(made))]
    assert not set(loose) - bare


def test_python_sends_no_order_that_would_undo_the_rank_of_a_search(made: Made) -> None:
    modules = made.folder / "python" / "shop" / "api"
    text = (modules / "catalog" / "catalog_products_list.py").read_text()
    assert "sort: str | Unset = UNSET" in text


def test_every_operation_has_a_function_of_its_own_name(made: Made) -> None:
    names = [name for name, _ in operations(made)]
    assert len(names) > 50
    functions = (made.folder / "typescript" / "shop" / "sdk.gen.ts").read_text()
    package = made.folder / "python" / "shop" / "api"
    for name in names:
        first, *words = re.split(r"[._-]", name)
        assert f"export const {first}{''.join(map(str.capitalize, words))} " in functions
        assert (package / name.partition(".")[0] / f"{re.sub('[.-]', '_', name)}.py").exists(), name
