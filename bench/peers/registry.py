"""All that is measured, each under its server: the table of contents of this folder.

Which pages of documentation a peer follows stands in its files, where they are followed.
"""

from __future__ import annotations

from bench.serving import Peer

PEERS = {
    peer.name: peer
    for peer in (
        Peer("limit", "limit: bare WSGI, SQL by hand, orjson, granian", "limit", "granian"),
        Peer("talatat", "Talatat on granian", "talatat", "pserve_granian", cursor="sealed"),
        Peer(
            "talatat_waitress",
            "Talatat on waitress, its default",
            "talatat",
            "pserve",
            cursor="sealed",
        ),
        Peer("fastapi_tuned", "FastAPI tuned by hand", "fastapi_tuned", "uvicorn", asgi=True),
        Peer("fastapi_async", "FastAPI, async SQLAlchemy", "fastapi_async", "uvicorn", asgi=True),
        Peer("litestar", "Litestar, msgspec", "litestar_msgspec", "uvicorn", asgi=True),
        Peer(
            "django", "Django REST framework, gunicorn", "django_rest", "gunicorn", cursor="django"
        ),
        Peer("flask", "Flask, marshmallow, gunicorn", "flask_sqlalchemy", "gunicorn"),
        Peer("pyramid", "Pyramid and Cornice by hand, granian", "pyramid_cornice", "granian"),
        Peer("pyramid_waitress", "the same on waitress", "pyramid_cornice", "waitress"),
    )
}
