"""Putting imported products on their shelves: categories named by path, made where they are missing.

`Home / Kitchen` is the category of slug `home-kitchen` and title `Kitchen`, in that of slug `home`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from talatat.db import new_id, utcnow
from talatat_catalog.models import Category, product_category

categories = Category.__table__
_PATH = re.compile(r"\s+[/>]\s+")
_INSERT: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


def slug_of(text: str) -> str:
    """Return `text` as small letters and digits with single hyphens between, at most 100."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:100].strip("-")


def shelve(session: Session, shelves: Mapping[str, Sequence[str]]) -> None:
    """Make each product ({id: names}) stand in exactly these categories."""
    paths = {
        name: [part for part in _PATH.split(name) if slug_of(part)]
        for names in shelves.values()
        for name in names
    }
    ids = _ids(session, [path for path in paths.values() if path])
    connection = session.connection()
    connection.execute(
        product_category.delete().where(product_category.c.product_id.in_(list(shelves)))
    )
    rows = {
        (product_id, ids[slug_of(" ".join(paths[name]))])
        for product_id, names in shelves.items()
        for name in names
        if paths[name]
    }
    if rows:
        connection.execute(
            product_category.insert(),
            [
                {"product_id": product, "category_id": category}
                for product, category in sorted(rows)
            ],
        )


def _ids(session: Session, paths: Sequence[Sequence[str]]) -> dict[str, str]:
    """Return {slug: id} of all categories on these paths, made from the top where missing."""
    found: dict[str, str] = {}
    for depth in range(1, max(map(len, paths), default=0) + 1):
        level = {
            slug_of(" ".join(path[:depth])): (path[depth - 1], slug_of(" ".join(path[: depth - 1])))
            for path in paths
            if len(path) >= depth
        }
        _make(session, level, found)
        slugs = sa.select(categories.c.slug, categories.c.id).where(
            categories.c.slug.in_(list(level))
        )
        found |= {row.slug: row.id for row in session.connection().execute(slugs)}
    return found


def _make(session: Session, level: Mapping[str, tuple[str, str]], found: Mapping[str, str]) -> None:
    now = utcnow()
    rows = [
        {
            "id": new_id(),
            "version": 1,
            "slug": slug,
            "title": title[:200],
            "parent_id": found.get(parent),
            "created_at": now,
            "updated_at": now,
        }
        for slug, (title, parent) in sorted(level.items())
    ]
    connection = session.connection()
    # Another load may be making the same ones.
    insert = _INSERT[connection.dialect.name](categories)
    connection.execute(insert.on_conflict_do_nothing(index_elements=["slug"]), rows)
