"""Growth: what a system costs with 3, 30, 100, 500 addons, and a resource with more rows and extensions.

    python -m bench.growth start [--addons 3 30 100 500] [--resources 1] [--profile] [--json]
    python -m bench.growth request [--addons 3 30 100 500] [--json]
    python -m bench.growth latency [--addons 3 30 100 500] [--json]
    python -m bench.growth rows [--rows 10 1000 100000 10000000] [--json]
    python -m bench.growth extensions [--extensions 0 1 2 4 8] [--json]

Addons are written by a program (`writing`): each has 10 routes, 5 views, resources, settings, permissions,
a subscriber to an event of its own, and an extension of one of eight models. `start` starts a process for
each number, a second time so that all is compiled, and tells processor seconds, of which phases, memory
an addon and function calls. `request` composes the shop of the demonstration with so many of them beside
it, and counts the function calls of the same requests: search, checkout, a list of a generated addon.
`latency` times two of them, with all numbers in turn; `rows` and `extensions` time the requests of one resource.
"""
