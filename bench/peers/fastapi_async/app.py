"""The application.

Follows: https://fastapi.tiangolo.com/tutorial/bigger-applications/ and
https://fastapi.tiangolo.com/deployment/server-workers/ (uvicorn with workers)
"""

from bench.peers.fastapi_async import orders, products
from fastapi import FastAPI

application = FastAPI()
application.include_router(products.router)
application.include_router(orders.router)


@application.get("/livez")
async def livez() -> dict[str, str]:
    """That the process answers."""
    return {"status": "ok"}
