"""`docs/deployment-checks.md`, written from the checks themselves: `python -m talatat.testing.deployment_checks INI`."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable

from talatat.composing import compose, load_composition
from talatat.deployment.check import DeploymentCheck
from talatat.settings.secrets import in_memory

HEAD = """# Deployment checks

`talatat doctor INI` makes these checks where the .ini has a `[server:main]` and is not of development; `--deploy` makes
them of any .ini, `--only ID` one of them. Each finding has an id, a severity, and the line, command or edit that cures it.
`error` and `warning` make the exit code 2, `info` does not. What cannot be known where the doctor runs is told as `not
checked`, with the reason: run it on the machine, and as the user, of the process. `config/production.ini`, with a database
user of its own and secrets as its head describes them, has no finding.

A finding that is meant to be so is accepted in the .ini, and told as accepted from then on:

```ini
talatat.doctor.accept = talatat:cors talatat:on-addon-error
```

Addons bring checks of their own by `config.add_deployment_check`; those of the addons of this repository are below.
This page is written by `python -m talatat.testing.deployment_checks development.ini > docs/deployment-checks.md`.
"""


def page(checks: Iterable[DeploymentCheck]) -> str:
    """The page of these checks, in their order."""
    parts = [HEAD]
    addon = None
    for one in checks:
        if one.addon != addon:
            addon = one.addon
            parts.append(f"\n## {addon}\n")
        also = ", in development too" if one.development else ""
        parts.append(f"\n### `{one.id}`\n\n**{one.title}.** ({one.severity}{also})\n")
        parts.append(f"\n{inspect.cleandoc(one.explained)}\n")
    return "".join(parts)


def main(ini: str) -> int:
    """Print the page of the system of an .ini."""
    with in_memory():  # composing makes no secret that is missing
        system = compose(load_composition(ini)).registry.system
    sys.stdout.write(page(system.deployment_checks.values()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
