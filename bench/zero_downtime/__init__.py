"""Does anybody notice? Releases are applied and taken back under load, and every request is counted.

    python -m bench.zero_downtime              a million rows; writes docs/zero-downtime.md
    python -m bench.zero_downtime --rows 10000 --json

A throw-away PostgreSQL, nginx in front, two processes of which one is always of an older release than
the other, clients with a steady mixed load, and a watcher that looks at every lock fifty times a second.
"""
