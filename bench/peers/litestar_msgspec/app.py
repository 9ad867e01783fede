"""The application.

Follows: https://docs.litestar.dev/2/usage/applications.html and
https://docs.litestar.dev/2/topics/deployment/manually-with-asgi-server.html
"""

from bench.peers.litestar_msgspec.database import provide_session
from bench.peers.litestar_msgspec.orders import OrderController
from bench.peers.litestar_msgspec.products import ProductController
from bench.peers.litestar_msgspec.security import provide_user
from litestar import Litestar, get
from litestar.di import Provide


@get("/livez")
async def livez() -> dict[str, str]:
    """That the process answers."""
    return {"status": "ok"}


application = Litestar(
    [ProductController, OrderController, livez],
    dependencies={"session": Provide(provide_session), "user": Provide(provide_user)},
    openapi_config=None,
)
