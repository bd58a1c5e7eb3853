"""The console: a page at ``/ui`` from files that come with the service."""

from pathlib import Path
from typing import Final

from fastapi import FastAPI
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles
from starlette.middleware.gzip import GZipMiddleware

PAGE: Final = "/ui/"
FILES: Final = Path(__file__).with_name("static") / "console"


def install(app: FastAPI) -> None:
    """Serve the page."""

    @app.get("/ui", include_in_schema=False)
    async def page() -> RedirectResponse:
        return RedirectResponse(PAGE)

    app.mount(PAGE, GZipMiddleware(StaticFiles(directory=FILES, html=True)))
