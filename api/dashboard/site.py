"""All pages and static files, put into an application."""

from fastapi import APIRouter, FastAPI
from fastapi.staticfiles import StaticFiles

from api.dashboard import vega
from api.dashboard.render import STATIC

ROUTERS: tuple[APIRouter, ...] = (vega.router,)


def add_dashboard(app: FastAPI) -> None:
    """Add the pages; none of them stands in the API's description."""
    for router in ROUTERS:
        app.include_router(router, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
