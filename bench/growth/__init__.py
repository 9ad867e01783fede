"""Growth: what a system costs with 3, 30, 100, 500 addons.

    python -m bench.growth start [--addons 3 30 100 500] [--resources 1] [--profile] [--json]
    python -m bench.growth request [--addons 3 30 100 500] [--json]

Addons are written by a program (`writing`): each has 10 routes, 5 views, resources, settings, permissions,
a subscriber to an event of its own, and an extension of one of eight models. `start` starts a process for
each number, a second time so that all is compiled, and tells processor seconds, of which phases, memory
an addon and function calls. `request` composes the shop of the demonstration with so many of them beside
it, and counts the function calls of the same requests: search, checkout, a list of a generated addon.
"""
