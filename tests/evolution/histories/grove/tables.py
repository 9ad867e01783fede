"""Tables and columns as data, and the lines that declare them in a migration and in a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

CASCADE, SET_NULL = "CASCADE", "SET NULL"
STARS = 3  # the default that only Python knows, of extensions that every row has

_TYPES = {
    "text": ("sa.String({length})", "str"),
    "int": ("sa.Integer()", "int"),
    "bigint": ("sa.BigInteger()", "int"),
    "uuid": ("t.UUIDv7()", "str"),
}


@dataclass(frozen=True)
class Column:
    """One column of an addon's own making.

    `domain` says which values are written: word, full (two words), digits (a number as text), number.
    `default` makes it NOT NULL with that server default; `python_default` NOT NULL without one.
    `references` is (table, ON DELETE). `written` False: the addon's models know it, nobody writes it.
    `given`: the package had it before the program that makes releases came. `required`: NOT NULL, always
    given a value.
    """

    name: str
    type: str = "text"
    domain: str = "word"
    length: int = 100
    default: int | None = None
    python_default: int | None = None
    references: tuple[str, str] | None = None
    index: bool = False
    written: bool = True
    given: bool = False
    required: bool = False
    unique: bool = False

    @property
    def nullable(self) -> bool:
        return self.default is None and self.python_default is None and not self.required

    @property
    def born(self) -> int | None:
        """What a row holds where nothing is given."""
        return self.default

    def type_text(self) -> str:
        return _TYPES[self.type][0].format(length=self.length)

    def migration(self, *, bare: bool = False) -> str:
        """The `sa.Column(...)` of a migration; `bare` without its key and its index."""
        parts = [repr(self.name), self.type_text()]
        if self.references and not bare:
            parts.append(
                f'sa.ForeignKey("{self.references[0]}.id", ondelete="{self.references[1]}")'
            )
        parts.append(f"nullable={self.nullable}")
        if self.default is not None:
            parts.append(f'server_default="{self.default}"')
        if self.index and not bare:
            parts.append("index=True")
        return f"sa.Column({', '.join(parts)})"

    def model(self, classes: Mapping[str, str]) -> str:
        """The mapped attribute of a model; `classes` names the class of each table."""
        python = _TYPES[self.type][1] + (" | None" if self.nullable else "")
        return f"    {self.name}: Mapped[{python}] = {self.mapped(classes)}"

    def mapped(self, classes: Mapping[str, str]) -> str:
        """The `mapped_column(...)` of a model."""
        parts = [self.type_text()]
        if self.references:
            table, ondelete = self.references
            parts.append(f'sa.ForeignKey({classes[table]}.id, ondelete="{ondelete}")')
        if self.default is not None:
            parts.append(f'server_default="{self.default}"')
        if self.python_default is not None:
            parts.append(f"default={self.python_default}")
        if self.index:
            parts.append("index=True")
        return f"mapped_column({', '.join(parts)}, nullable={self.nullable})"


@dataclass(frozen=True)
class Table:
    """One table of an addon: a Record, or the extension of another addon's."""

    addon: str
    name: str
    columns: Mapping[str, Column] = field(default_factory=dict)
    extends: str | None = None
    presence: str = "sparse"
    given_class: str = ""
    given_key: str = ""

    @property
    def key(self) -> str:
        if self.given_key:
            return self.given_key
        return "id" if self.extends is None else f"{self.extends.partition('_')[2]}_id"

    @property
    def class_name(self) -> str:
        return self.given_class or "".join(part.capitalize() for part in self.name.split("_"))

    @property
    def references(self) -> dict[str, tuple[str, str]]:
        """{column: (table, ON DELETE)}."""
        found = {one.name: one.references for one in self.columns.values() if one.references}
        return {self.key: (self.extends, CASCADE), **found} if self.extends else found

    def with_column(self, column: Column) -> Table:
        return replace(self, columns={**self.columns, column.name: column})

    def without_column(self, name: str) -> Table:
        kept = {key: one for key, one in self.columns.items() if key != name}
        return replace(self, columns=kept)

    def create(self) -> str:
        """The statement of a migration that makes the table."""
        lines = ["op.create_table(", f'    "{self.name}",']
        lines += [f"    {line}," for line in self._fixed()]
        lines += [f"    {column.migration()}," for column in self.columns.values()]
        if self.extends is None:
            lines.append('    sa.Column("created_at", t.UTCDateTime(), nullable=False),')
            lines.append('    sa.Column("updated_at", t.UTCDateTime(), nullable=False),')
        return "\n".join([*lines, ")"])

    def _fixed(self) -> Iterator[str]:
        if self.extends is None:
            yield 'sa.Column("id", t.UUIDv7(), primary_key=True)'
        else:
            yield (
                f'sa.Column("{self.key}", t.UUIDv7(), '
                f'sa.ForeignKey("{self.extends}.id", ondelete="CASCADE"), primary_key=True)'
            )
        yield 'sa.Column("version", sa.Integer(), nullable=False)'

    def model(self, classes: Mapping[str, str]) -> str:
        """The class that maps the table."""
        if self.extends is None:
            head = f'class {self.class_name}(Record, Base):\n    __tablename__ = "{self.name}"'
        else:
            head = (
                f'class {self.class_name}(Extension, Base):\n    __tablename__ = "{self.name}"\n'
                f"    {self.key}: Mapped[str] = extension_key({classes[self.extends]})"
            )
        return "\n".join([head, *(column.model(classes) for column in self.columns.values())])
