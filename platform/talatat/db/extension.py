"""`Extension`: what one addon adds to another's model, in a table of its own.

    class ProductPoints(Extension, Base):
        __tablename__ = "loyalty_product"
        product_id: Mapped[str] = extension_key(Product)
        points: Mapped[int] = mapped_column(default=0)

    config.extend_model(Product, ProductPoints, presence="sparse")

The extended table is not touched: no lock on it, and it goes on working when the extending addon
sleeps. In Python an extension is reached by `ProductPoints.of(product)`, which type checkers understand;
`product.loyalty` is for templates and the shell.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

from sqlalchemy import ForeignKey, inspect
from sqlalchemy.orm import MappedColumn, attributes, mapped_column, object_session
from sqlalchemy.orm.base import LoaderCallableStatus

from talatat.db.base import addon_of
from talatat.db.record import Versioned

_UNLOADED = (LoaderCallableStatus.PASSIVE_NO_RESULT, LoaderCallableStatus.NO_VALUE)


def extension_key(model: type[Any]) -> MappedColumn[Any]:
    """Return the primary key column of an extension of `model`: its id, cascading when it is deleted."""
    (column,) = model.__table__.primary_key.columns
    return mapped_column(
        column.type, ForeignKey(column, ondelete="CASCADE"), primary_key=True, sort_order=-100
    )


class Extension(Versioned):
    """Mixin for extension models. `__extends__` is the extended model, set by `config.extend_model`."""

    __extends__: ClassVar[type[Any] | None] = None

    @classmethod
    def of(cls, parent: Any) -> Self | None:
        """Return the extension of `parent`, or None where it has none.

        A page of rows loads its extensions with it (`Models.load_options`); for a single row that came
        without, one SELECT by key is made. Raises TypeError when `parent` is not what this extends.
        """
        name = cls._attribute(parent)
        found = attributes.instance_dict(parent).get(name, LoaderCallableStatus.NO_VALUE)
        if found not in _UNLOADED:
            return found  # type: ignore[no-any-return]
        state = inspect(parent)
        session = object_session(parent)
        if not state.has_identity or session is None:
            return None
        found = session.get(cls, state.identity)
        attributes.set_committed_value(parent, name, found)
        return found

    @classmethod
    def ensure(cls, parent: Any) -> Self:
        """Return the extension of `parent`, made now where it has none."""
        found = cls.of(parent)
        if found is None:
            found = cls()
            setattr(parent, cls._attribute(parent), found)
        return found

    @classmethod
    def _attribute(cls, parent: Any) -> str:
        if cls.__extends__ is None:
            raise TypeError(
                f"{cls.__module__}.{cls.__qualname__} extends no model in this process. "
                f"Its addon says so with config.extend_model(Model, {cls.__name__})."
            )
        if not isinstance(parent, cls.__extends__):
            raise TypeError(
                f"{cls.__name__} extends {cls.__extends__.__name__}, "
                f"not {type(parent).__name__}: {parent!r}"
            )
        return addon_of(cls)
