"""`make serve`: `python -m demo INI [PORT]` from an .ini to a shop that answers.

Brings the database to the composition, makes the administrator's account, fills the shop the first time, and
runs pserve in this very process. `TALATAT_DEMO_PRODUCTS`, `_INVOICES` and `_ORDERS` make it smaller.
"""

import signal
import sys
import warnings

# Pyramid says it on each start; whoever tries the shop cannot mend it.
warnings.filterwarnings("ignore", "pkg_resources is deprecated", UserWarning)


def main() -> int:
    """Start the shop; INT at any moment before it serves leaves what the next start goes on with."""
    try:
        from demo.start import start  # after the filter that its imports need

        return start(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "6543")
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on from here.", file=sys.stderr)
        return 128 + signal.SIGINT


if __name__ == "__main__":
    sys.exit(main())
