"""`python -W error run.py FLOW [ARGUMENT ...]`: run a flow and print what it saw as JSON."""

import json
import sys
from importlib import import_module

if __name__ == "__main__":
    flow, *given = sys.argv[1:]
    print(json.dumps(getattr(import_module(flow), flow)(*given)))
