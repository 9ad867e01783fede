"""What a schema says of a column that holds ids, secrets or values of another type than the field's."""

from __future__ import annotations

from typing import Any

import pytest

from talatat.errors import CompositionError
from talatat.testing.conventions import findings

VAULT = {
    "__init__.py": """
        import datetime as dt
        import colander
        import sqlalchemy as sa
        from sqlalchemy.orm import Mapped, mapped_column
        from talatat.db import Encrypted, Record, declarative_base
        from talatat.resources import Resource, item_action

        Base = declarative_base("vault")

        class Box(Record, Base):
            __tablename__ = "vault_box"
            label: Mapped[str] = mapped_column(sa.String(20))

        class Key(Record, Base):
            __tablename__ = "vault_key"
            box_id: Mapped[str] = mapped_column(sa.ForeignKey(Box.id, ondelete="CASCADE"), index=True)
            code: Mapped[str | None] = mapped_column(Encrypted("vault.code"))
            day: Mapped[dt.date | None]
            count: Mapped[int | None]

        class KeySchema(colander.MappingSchema):
            box_id = colander.SchemaNode(colander.String(), description="What it opens")
            code = colander.SchemaNode(colander.String(), missing=None, write_only=True,
                validator=colander.Length(4, 12), description="What is dialled")
            day = colander.SchemaNode(colander.Date(), missing=None, description="Until when")

        class Dialled(colander.MappingSchema):
            code = colander.SchemaNode(colander.String(), description="What is dialled")

        class Keys(Resource):
            '''Keys of boxes.'''
            name, model, schema = "keys", Key, KeySchema
            permissions = {"read": "public", "write": "vault.write"}
            MORE

            @item_action("dial", permission="vault.write", answers_secret=True, response=Dialled)
            def dial(self, request, key):
                '''Show what is dialled.'''
                return {"code": key.code}

        class Boxes(Resource):
            '''Boxes.'''
            name, model = "boxes", Box
            permissions = {"read": "public", "write": "vault.write"}

        def includeme(config):
            config.add_permission("vault.write", "Keep keys")
            config.add_resource(Boxes)
            config.add_resource(Keys)
        """,
    "migrations/versions/0001_keys.py": """
        import sqlalchemy as sa
        from alembic import op
        from talatat.db import types as t
        revision, down_revision, phase = "0001_keys", None, "expand"

        def record():
            return [
                sa.Column("id", t.UUIDv7(), primary_key=True),
                sa.Column("version", sa.Integer, nullable=False),
                sa.Column("created_at", t.UTCDateTime(), nullable=False),
                sa.Column("updated_at", t.UTCDateTime(), nullable=False),
            ]

        def upgrade():
            op.create_table("vault_box", *record(), sa.Column("label", sa.String(20), nullable=False))
            op.create_table(
                "vault_key", *record(),
                sa.Column("box_id", t.UUIDv7(), sa.ForeignKey("vault_box.id", ondelete="CASCADE"),
                          nullable=False, index=True),
                sa.Column("code", sa.Text()),
                sa.Column("day", sa.Date()),
                sa.Column("count", sa.Integer()),
            )
        """,
}
KEYS = "/api/vault/v1/keys"


@pytest.fixture
def vault(store_addons: Any, database_url: str) -> Any:
    source = VAULT["__init__.py"].replace("MORE", "")
    store_addons.write("vault", VAULT | {"__init__.py": source})
    with store_addons.composed("vault", url=database_url) as system:
        system.sign_in("kiya", "vault.write")
        yield system


def test_an_encrypted_field_is_written_and_only_what_is_meant_to_shows_it(vault: Any) -> None:
    box = vault.app.post_json("/api/vault/v1/boxes", {"label": "a"}, status=201).json["id"]
    made = vault.app.post_json(KEYS, {"box_id": box, "code": "1234"}, status=201).json
    assert "code" not in made
    shown = vault.app.post(f"{KEYS}/{made['id']}:dial", status=200)
    assert shown.json == {"code": "1234"}
    vault.app.patch_json(
        f"{KEYS}/{made['id']}", {"code": "98765"},
        headers={"Content-Type": "application/merge-patch+json"},
    )  # fmt: skip
    assert vault.app.post(f"{KEYS}/{made['id']}:dial").json == {"code": "98765"}


def test_a_plain_text_in_a_column_of_ids_is_an_id(vault: Any) -> None:
    refused = vault.app.post_json(KEYS, {"box_id": "no id"}, status=422).json
    assert [(one["pointer"], one["code"]) for one in refused["errors"]] == [("/box_id", "invalid")]
    document = vault.app.get("/api/openapi.json").json
    written = document["components"]["schemas"]["vault.keys.create"]["properties"]["box_id"]
    assert written["format"] == "uuid"


def test_an_action_that_answers_a_secret_keeps_the_conventions(vault: Any) -> None:
    document = vault.app.get("/api/openapi.json").json
    dial = document["paths"][f"{KEYS}/{{id}}:dial"]["post"]
    assert dial["x-idempotency"] == "refused"
    assert [str(one) for one in findings(document, addon="vault")] == []


def said_of(addons: Any, url: str, old: str, new: str) -> str:
    """What composing says where the schema or the resource has another line."""
    source = VAULT["__init__.py"].replace("MORE", "MORE" if old == "MORE" else "")
    assert old in source
    addons.write("vault", VAULT | {"__init__.py": source.replace(old, new)})
    with pytest.raises(CompositionError) as raised, addons.composed("vault", url=url):
        pass
    return str(raised.value)


CARELESS = {
    "an encrypted column that everybody is shown": (
        "missing=None, write_only=True,", "missing=None,", "code is encrypted in the database and is shown"),
    "a filter of an encrypted column": (
        "MORE", "filters = {'dialled': Key.code}", "filters names 'dialled': Key.code is encrypted"),
    "an order by an encrypted column": ("MORE", "sorts = {'by_code': Key.code}", "Key.code is encrypted"),
    "a text for a day": (
        "colander.SchemaNode(colander.Date(), missing", "colander.SchemaNode(colander.String(), missing",
        ("the field 'day' is a colander.String, and its column Key.day (Date()) holds no such value. Make it "
        "colander.SchemaNode(colander.Date(), ...)")),
    "a number for an id": (
        "box_id = colander.SchemaNode(colander.String()", "box_id = colander.SchemaNode(colander.Int()",
        "Make it colander.SchemaNode(talatat.schema.UUID(), ...)"),
}  # fmt: skip


@pytest.mark.parametrize("what", CARELESS)
def test_a_field_that_could_not_be_written_or_kept_secret_stops_the_start(
    store_addons: Any, sqlite_url: str, what: str
) -> None:
    old, new, said = CARELESS[what]
    message = said_of(store_addons, sqlite_url, old, new)
    assert said in message
    assert "__init__.py" in message


def test_a_derived_schema_leaves_encrypted_columns_out(store_addons: Any, sqlite_url: str) -> None:
    source = VAULT["__init__.py"].replace("MORE", "schema = None")
    store_addons.write("vault", VAULT | {"__init__.py": source})
    with store_addons.composed("vault", url=sqlite_url) as system:
        assert "code" not in system.system.resources["vault.keys"].schema
        assert "day" in system.system.resources["vault.keys"].schema


def test_a_field_that_its_preparer_converts_may_be_of_another_type(
    store_addons: Any, sqlite_url: str
) -> None:
    source = VAULT["__init__.py"].replace("MORE", "")
    counted = "count = colander.SchemaNode(colander.String(), missing=None, preparer=len)\n            day ="
    store_addons.write("vault", VAULT | {"__init__.py": source.replace("day =", counted, 1)})
    with store_addons.composed("vault", url=sqlite_url) as system:
        assert "count" in system.system.resources["vault.keys"].schema
