"""``/docs`` and ``/redoc`` from files that come with the service; the pages load nothing from elsewhere."""

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

VENDOR: Final = Path(__file__).with_name("static") / "vendor"
_ASSETS: Final = "/static/vendor"
# Both pages put styles into themselves; ReDoc searches in a worker that it makes.
_POLICY: Final = (
    "default-src 'self'; script-src 'self' {scripts}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; worker-src blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
_INLINE: Final = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


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
    """The page with a policy by which no other script than its own runs."""
    digests = [b64encode(sha256(script).digest()).decode() for script in _INLINE.findall(page.body)]
    scripts = " ".join(f"'sha256-{digest}'" for digest in digests)
    page.headers["Content-Security-Policy"] = _POLICY.format(scripts=scripts)
    return page
