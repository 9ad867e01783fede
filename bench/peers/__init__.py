"""One package for each system that is measured: see README.md.

`bench.peers.<name>.app` has the application as `application`; `bench.peers.<name>` says in `PEER` how it
is served, as its own documentation has it.
"""
