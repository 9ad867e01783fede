"""The application: FastAPI as documented, what is inside of a request tuned.

Follows: https://fastapi.tiangolo.com/advanced/custom-response/ (returning a Response directly)
"""

from bench.peers.fastapi_tuned import orders, products
from bench.peers.fastapi_tuned.database import answer
from fastapi import FastAPI, Response

application = FastAPI()
application.include_router(products.router)
application.include_router(orders.router)


@application.get("/livez")
async def livez() -> Response:
    """That the process answers."""
    return answer({"status": "ok"})
