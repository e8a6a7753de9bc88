"""The part of the web service that follows links, alone: `uvicorn tests.api.redirect_server:app`. It starts quickly."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from api import errors
from api.redirect import FastRedirects
from api.routes import links
from api.tracker import Tracker
from config.settings import get_settings


@asynccontextmanager
async def _serving(served: FastAPI) -> AsyncIterator[None]:
    served.state.tracker.start()
    yield
    served.state.tracker.stop()


app = FastAPI(lifespan=_serving)
app.state.tracker = Tracker(get_settings())
errors.install(app)
app.include_router(links.router)
app.add_middleware(FastRedirects, tracker=app.state.tracker)
