"""The process that composes apart: `python -m talatat.evolution.desired.subprocess FD`.

Standard input has the job as JSON; the answer goes to the file descriptor FD, one JSON object a line,
so that what addons print does not mix with it. It ends by `os._exit`: what addons registered to happen
at exit must not happen, for nothing of this is to be seen anywhere.
"""

from __future__ import annotations

import faulthandler
import json
import os
import sys
import tempfile
import traceback
from typing import Any

from talatat.composing import compose, load_composition
from talatat.composition import Composition
from talatat.errors import AddonError, CompositionError, TalatatError
from talatat.evolution.desired.model import desired_of
from talatat.evolution.desired.watching import Watch
from talatat.evolution.graph import EvolutionError
from talatat.settings.secrets import in_memory


def main(descriptor: int) -> None:
    """Do the job and end the process."""
    job = json.load(sys.stdin)
    faulthandler.dump_traceback_later(job["seconds"], exit=True)
    sys.path[:] = job["path"]
    # Asked for the first time, `tempfile` would find out by writing where it may write.
    tempfile.tempdir = os.environ.get("TMPDIR", "/tmp")  # noqa: S108  # it is named, not used
    pipe = os.fdopen(descriptor, "w", encoding="utf-8")

    def tell(event: dict[str, Any]) -> None:
        pipe.write(json.dumps(event) + "\n")
        pipe.flush()

    watch = Watch(tell)
    try:
        with in_memory(), watch:
            answer = _answer(job, watch)
    except BaseException:  # noqa: BLE001  # an addon may raise SystemExit
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    tell(answer)
    sys.stdout.flush()
    os._exit(0)


def _answer(job: dict[str, Any], watch: Watch) -> dict[str, Any]:
    try:
        composition: Composition = load_composition(job["ini"], job["without"])
        watch.addons = {one.package.partition(".")[0]: one.name for one in composition.addons}
        desired = desired_of(compose(composition).registry).as_json()
        return {"desired": {**desired, "refused": watch.refused}}
    except AddonError as error:
        return {"kind": "AddonError", "addon": error.addon, "problems": error.problems}
    except EvolutionError as error:
        return {"kind": "EvolutionError", "problems": error.problems}
    except (CompositionError, TalatatError) as error:
        return {"kind": "CompositionError", "problems": error.problems}


if __name__ == "__main__":
    main(int(sys.argv[1]))
