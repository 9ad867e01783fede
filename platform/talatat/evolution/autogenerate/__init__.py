"""New revisions of one addon, written from what parts its models from its migrations.

The revisions of the addon and of what it requires are run in a throw-away database, the models are made in
another, and the two are compared there. What parts them is written as small revisions that follow
docs/hazards.md: what adds first, then backfills, then what takes away. Then they are run for a trial.
"""

from talatat.evolution.autogenerate.writing import Written, autogenerate, empty

__all__ = ["Written", "autogenerate", "empty"]
