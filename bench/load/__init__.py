"""The load generator: a closed loop, and an open one that forgives nothing.

`connections` speaks HTTP/1.1 over raw sockets, `closed` asks again as soon as an answer is there, `opened`
asks when it is time, whether answers came or not. `python -m bench.load` is the process that the bench
starts; its own CPU is measured and reported.
"""
