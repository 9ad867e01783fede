"""The steps that make guaranteed extension rows which are missing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection

from talatat.evolution.desired import Desired
from talatat.evolution.live import count_rows
from talatat.evolution.model import Step


def fill_steps(
    connection: Connection,
    desired: Desired,
    released: Mapping[str, Any],
    live: Collection[str],
    coming: Mapping[str, int],
) -> list[Step]:
    """One step for each extension that may lack rows.

    Where the addon was not enabled in the last release, or its table is made by this plan, there is a step
    whatever the count: rows may come before it runs. Otherwise there is one where rows are missing. `coming`
    are the tables, with their rows, that archives of the same plan bring back.
    """
    enabled = {one["name"] for one in released.get("addons", ())}
    found = []
    for fill in desired.fills:
        if fill.extends not in live and fill.extends not in coming:
            continue
        there = fill.table in live and fill.extends in live
        missing = connection.exec_driver_sql(fill.gaps).scalar() if there else None
        if not there or fill.addon not in enabled or missing:
            rows = coming.get(fill.extends, missing)
            rows = count_rows(connection, [fill.extends])[fill.extends] if rows is None else rows
            found.append(
                Step(
                    "fill",
                    fill.addon,
                    fill.table,
                    "data",
                    (fill.statement,),
                    measured={fill.table: {"rows": rows}},
                )
            )
    return found
