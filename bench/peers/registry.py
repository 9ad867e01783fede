"""All that is measured, each under its server: the table of contents of this folder."""

from __future__ import annotations

from bench.serving import Peer

FASTAPI = "https://fastapi.tiangolo.com"
SQLALCHEMY = "https://docs.sqlalchemy.org/en/21"

PEERS = {
    peer.name: peer
    for peer in (
        Peer(
            "limit", "limit", "limit: bare WSGI, hand-written SQL, orjson", "granian",
            ("https://peps.python.org/pep-3333/", "https://www.psycopg.org/psycopg3/docs/advanced/prepare.html"),
        ),
        Peer("talatat", "talatat", "Talatat on granian", "granian", ("docs/addon-author.md",)),
        Peer("talatat_waitress", "talatat", "Talatat on waitress (its default)", "pserve", ("docs/operator.md",)),
        Peer(
            "fastapi_async", "fastapi_async", "FastAPI, async SQLAlchemy", "uvicorn",
            (
                f"{FASTAPI}/tutorial/bigger-applications/", f"{FASTAPI}/tutorial/dependencies/dependencies-with-yield/",
                f"{FASTAPI}/tutorial/security/get-current-user/", f"{FASTAPI}/deployment/server-workers/",
                f"{SQLALCHEMY}/orm/extensions/asyncio.html",
            ),
            asgi=True,
        ),
    )
}  # fmt: skip
