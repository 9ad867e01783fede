"""One package for each system that is measured; `registry` lists them with their servers.

`bench.peers.<package>.app` has the application as `application`.
"""
