"""Checks over a finished composition: every permission that is used is declared by somebody."""

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any

import colander

from talatat.configuration.provenance import line_of, line_of_attribute, where
from talatat.security.grants import EVERYTHING, covers
from talatat.security.registry import Role, Security
from talatat.security.uses import Use, fields_of


def problems_of(security: Security, uses: Iterable[Use], addons: Collection[str]) -> list[str]:
    """One text for each mistake, in the order of declaration and without repetition."""
    problems = [undeclared(security, use) for use in uses if not security.declares(use.permission)]
    for role in security.roles.values():
        problems += problems_of_role(security, role)
    problems += misnamed(security, addons)
    return list(dict.fromkeys(problems))


SECRET = re.compile(
    r"(?:^|_)(?:password|passwd|passphrase|secret|token|api_?key|private_?key)(?:_hash|_digest)?\Z"
)


def shown_secrets(resources: Iterable[Any]) -> Iterator[str]:
    """Fields of resources that are secrets, by name or column, and shown to whoever may read the resource."""
    for one in fields_of(resources):
        if any(map(_is_kept, one.nodes)):
            continue
        node = one.nodes[-1]
        if SECRET.search(node.name):
            why = "called like a secret"
        elif getattr(node, "encrypted", False):
            why = "encrypted in the database"
        else:
            continue
        line = line_of(one.intr.action_info)
        if isinstance(one.schema, colander.MappingSchema):  # written, not derived from the model
            line = line_of_attribute(type(one.schema), node.name)
        yield (
            f"addon {one.intr.get('addon', '?')}, {line}: the field {one.name} is {why} "
            "and is shown to whoever may read the resource. Say write_only=True or read_permission=..., "
            "leave it out, or say secret=False if it is none."
        )


def _is_kept(node: Any) -> bool:
    """Whether a field is not shown to everybody, or said to hold no secret."""
    guarded = getattr(node, "write_only", False) or getattr(node, "read_permission", None)
    return bool(guarded) or not getattr(node, "secret", True)


def misnamed(security: Security, addons: Collection[str]) -> list[str]:
    """Permissions and roles under another addon's name: who holds all of that one's would hold them too."""
    problems = []
    for kind, declared in (("permission", security.permissions), ("role", security.roles)):
        for name, one in declared.items():
            prefix, dot, rest = name.partition(".")
            if not dot or prefix == one.addon or prefix not in addons:
                continue
            if one.intr is None or prefix in one.intr.get("overriding", ()):
                continue
            problems.append(
                f"{where(one.intr)}: the {kind} {name!r} bears the name of addon {prefix}. "
                f"Call it '{one.addon}.{rest}'."
            )
    return problems


def problems_of_role(security: Security, role: Role) -> list[str]:
    """The patterns of a role that cover no declared permission."""
    return [
        undeclared(security, Use(pattern, f"role {role.name!r}", role.intr))
        for pattern in role.permissions
        if pattern != EVERYTHING and not any(covers(pattern, name) for name in security.permissions)
    ]


def undeclared(security: Security, use: Use) -> str:
    """Which permission, who asks for it, what is nearest, and what to write."""
    nearest = security.nearest(use.permission)
    guess = f" Did you mean {nearest!r}?" if nearest else ""
    place = f" ({where(use.intr)})" if use.intr is not None else ""
    remedy = (
        "Compose the addon that declares permissions under this name"
        if use.permission.endswith(".*")
        else f'Declare it with config.add_permission({use.permission!r}, "what it allows")'
    )
    return (
        f"{use.what}{place} asks for permission {use.permission!r}, which no composed addon "
        f"declares.{guess} {remedy}, or use a declared one; 'public' opens a view to everybody."
    )
