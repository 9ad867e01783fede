"""Settings: every key is declared, described, and refuses what it cannot mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import colander

from talatat.composing import compose, load_composition
from talatat.errors import TalatatError
from talatat.settings.secrets import SecretType
from talatat.testing.conformance.model import Note, Tier, rule
from talatat.testing.conformance.sources import Sources, settings_read
from talatat.testing.conformance.subject import Subject

UNKNOWN = "a_key_that_nobody_declares"
# Tried one after the other for a text that has a validator: one of them has to be refused.
NONSENSE = ("no such value", "-1", "x" * 5000, "\N{SNOWMAN}")


@rule(
    "settings-refused",
    Tier.BRONZE,
    title="Unknown settings and bad values stop the start",
    why="A misspelt key or a wrong value that is taken in silence is found out when it hurts.",
    mend="Declare the keys with config.add_settings_schema, typed and with validators; let colander refuse.",
)  # fmt: skip
def settings_refused(subject: Subject) -> Iterator[str]:
    nodes = _nodes(subject)
    unknown = f"{subject.name}.{UNKNOWN}"
    if not _refused(subject, {unknown: "1"}, unknown):
        yield f"the unknown key {unknown} is accepted"
    waiting = {key: node for key, node in nodes.items() if _refuses_something(node)}
    for text in NONSENSE:
        if waiting:
            said = dict.fromkeys(waiting, text)
            problems = _problems(subject, said)
            waiting = {key: node for key, node in waiting.items() if not _told(problems, key)}
    yield from (f"{key} takes whatever is written there: {NONSENSE[0]!r} too" for key in waiting)
    yield Note(f"{len(nodes)} keys")


def _nodes(subject: Subject) -> dict[str, Any]:
    """The addon's keys and the nodes of its schema."""
    found: dict[str, Any] = {}
    for entry in subject.registry().introspector.get_category("talatat settings") or ():
        intr = entry["introspectable"]
        if intr.get("addon") == subject.name:
            for node in intr["schema"].children:
                found[getattr(node, "key", f"{subject.name}.{node.name}")] = node
    return found


def _refuses_something(node: Any) -> bool:
    """Whether there is a text that a key of this type cannot mean."""
    free = isinstance(node.typ, colander.String) and node.validator is None
    known = isinstance(node.typ, (colander.Number, colander.Boolean, colander.DateTime, colander.Date,
                                  colander.Time, colander.Money, SecretType))  # fmt: skip
    return not free and (known or node.validator is not None)


def _problems(subject: Subject, settings: Mapping[str, str]) -> list[str]:
    try:
        compose(load_composition(subject.ini(subject.name, **settings)))
    except TalatatError as error:
        return list(error.problems)
    return []


def _refused(subject: Subject, settings: Mapping[str, str], key: str) -> bool:
    return any(key in text for text in _problems(subject, settings))


def _told(problems: list[str], key: str) -> bool:
    return any(f" {key}: " in text for text in problems)


@rule(
    "settings-declared",
    Tier.GOLD,
    title="Every setting that it reads is declared and described",
    why="A key that the code reads and no schema knows cannot be checked, shown or documented.",
    mend="Add a node with a description to the addon's settings schema, and read system.settings['shelf'].key.",
)  # fmt: skip
def settings_declared(subject: Subject) -> Iterator[str]:
    known = subject.registry().system.settings.known
    own = f"{subject.name}."
    sources = Sources(subject.installed.distribution, subject.addon.package)
    for module in sources.modules():
        for line, key in settings_read(module):
            if key not in known and key.partition(".")[0] in (subject.name, *subject.required):
                yield f"{module.shown}:{line} reads the setting {key}, which no schema declares"
    for key, setting in known.items():
        if setting.owner == subject.name and not setting.description.strip():
            yield f"the setting {key.removeprefix(own)!r} has no description"
