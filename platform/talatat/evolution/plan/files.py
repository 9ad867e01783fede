"""Saved plans: a file that `talatat plan --out` writes and `talatat apply` reads."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from talatat.evolution.graph import EvolutionError
from talatat.evolution.model import FORMAT, Base, Blocker, Change, Plan, Step

_TUPLES = ("statements", "batches", "rewrites", "hazards", "keeps")


def save(plan: Plan, path: str) -> None:
    """Write a plan, whole or not at all, over none but an older plan. Raises EvolutionError."""
    target = Path(path)
    if target.exists() and not _is_plan(target):
        raise EvolutionError(
            f"{path} is there already and is no plan: it is left as it is. Name another file after --out."
        )
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        temporary.write_text(json.dumps(plan.as_json(), indent=1) + "\n", encoding="utf-8")
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise EvolutionError(
            f"{path} cannot be written ({error.strerror}). Name another file after --out."
        ) from error


def _is_plan(path: Path) -> bool:
    """Whether a file is a plan, be it of another platform or edited; an empty one may be taken too."""
    try:
        text = path.read_text(encoding="utf-8")
        document = json.loads(text) if text else {"kind": "", "base": ""}
    except (OSError, ValueError):
        return False
    return isinstance(document, dict) and {"kind", "base"} <= set(document)


def load(path: str) -> Plan:
    """Read a plan. Raises EvolutionError for a file that is none, is cut off, or was edited."""
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
        plan = from_json(document)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise EvolutionError(
            f"{path} cannot be read as a plan ({type(error).__name__}: {error}). Make it again: talatat "
            f"plan INI --out {path}"
        ) from error
    if plan.digest != document.get("digest"):
        raise EvolutionError(
            f"{path} was edited after it was written: its digest does not fit. Make it again: talatat "
            f"plan {plan.ini} --out {path}"
        )
    return plan


def from_json(document: dict[str, Any]) -> Plan:
    """The plan that `Plan.as_json` gave. Raises KeyError, TypeError or ValueError for what is none."""
    if document["format"] != FORMAT:
        raise ValueError(f"format {document['format']}, this platform's is {FORMAT}")
    base = {**document["base"], "archives": tuple(document["base"]["archives"])}
    for one in (document["surface"], document["packages"], document["measured"], base["heads"]):
        if not isinstance(one, dict):
            raise TypeError(f"{one!r} is no object")
    for text in (*document["accepted"], *(one["text"] for one in document["blockers"])):
        if not isinstance(text, str):
            raise TypeError(f"{text!r} is no text")
    return Plan(
        kind=document["kind"],
        ini=document["ini"],
        base=Base(**base),
        surface=document["surface"],
        packages=document["packages"],
        steps=tuple(_step(one) for one in document["steps"]),
        changes=tuple(Change(**one) for one in document["changes"]),
        blockers=tuple(Blocker(**one) for one in document["blockers"]),
        accepted=tuple(document["accepted"]),
        to_release=document["to_release"],
        measured=document["measured"],
    )


def _step(document: dict[str, Any]) -> Step:
    return Step(**{**document, **{name: tuple(document[name]) for name in _TUPLES}})
