"""Fields that another addon adds to a resource, under that addon's own name.

    config.extend_resource("catalog.products", ProductPointsFields)

shows and takes `"loyalty": {"points": 5}`. The fields are those of the addon's extension of the
resource's model (`config.extend_model`). They are read in the statement of the rows; a page of entities
loads them with one statement for each extension shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import colander

from talatat.schema.reading import ObjectReader

if TYPE_CHECKING:
    from collections.abc import Callable

    from talatat.db.models import Attachment


@dataclass(frozen=True)
class ExtensionDeclaration:
    """`extend_resource` as an addon called it; bound to the model when everything is composed."""

    addon: str
    target: str
    schema: Callable[[], colander.SchemaNode]
    introspectable: Any


@dataclass
class ExtensionFields:
    """The fields of one extension, compiled: how they are read from a body and written to the row."""

    addon: str
    schema: colander.SchemaNode
    attachment: Attachment
    introspectable: Any
    reader: ObjectReader = field(init=False)

    def __post_init__(self) -> None:
        self.reader = ObjectReader(self.schema)
        if self.sparse:
            for node in self.schema.children:
                node.sparse = True

    @property
    def sparse(self) -> bool:
        """Whether a row of the extended model may have no row here."""
        return self.attachment.presence == "sparse"

    def of(self, row: Any) -> Any:
        """The extension of `row`, or None."""
        return self.attachment.extension.of(row)

    def write(self, session: Any, row: Any, values: dict[str, Any] | None) -> None:
        """Set fields of the extension of `row`, which is made where there is none; None removes it."""
        if values is None:
            current = self.of(row)
            if current is not None:
                setattr(row, self.addon, None)
                session.delete(current)
            return
        extension = self.attachment.extension.ensure(row)
        for name, value in values.items():
            setattr(extension, attribute_of(self.schema[name]), value)

    def version_of(self, row: Any) -> int:
        """The version of the extension's row; 0 where there is none."""
        extension = self.of(row)
        return 0 if extension is None else int(extension.version)


def attribute_of(node: colander.SchemaNode) -> str:
    """The name of a field on its model."""
    attribute = getattr(node, "attribute", None) or node.name
    return attribute if isinstance(attribute, str) else str(node.name)
