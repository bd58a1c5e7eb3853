"""``/docs`` and ``/redoc`` from files that come with the service; the pages load nothing from elsewhere."""

from pathlib import Path
from typing import Final

from fastapi import FastAPI
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

VENDOR: Final = Path(__file__).with_name("static") / "vendor"
_ASSETS: Final = "/static/vendor"
_POLICY: Final = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; worker-src blob:"
)


def install(app: FastAPI) -> None:
    """Serve both pages and their assets."""
    app.mount(_ASSETS, StaticFiles(directory=VENDOR))

    @app.get("/docs", include_in_schema=False)
    async def swagger_ui() -> HTMLResponse:
        return _confined(
            get_swagger_ui_html(
                openapi_url="/openapi.json",
                title=f"{app.title} API",
                swagger_js_url=f"{_ASSETS}/swagger-ui/swagger-ui-bundle.js",
                swagger_css_url=f"{_ASSETS}/swagger-ui/swagger-ui.css",
                swagger_favicon_url=f"{_ASSETS}/swagger-ui/favicon-32x32.png",
            )
        )

    @app.get("/redoc", include_in_schema=False)
    async def redoc() -> HTMLResponse:
        return _confined(
            get_redoc_html(
                openapi_url="/openapi.json",
                title=f"{app.title} API",
                redoc_js_url=f"{_ASSETS}/redoc/redoc.standalone.js",
                redoc_favicon_url=f"{_ASSETS}/swagger-ui/favicon-32x32.png",
                with_google_fonts=False,
            )
        )


def _confined(page: HTMLResponse) -> HTMLResponse:
    page.headers["Content-Security-Policy"] = _POLICY
    return page
