"""``/docs/guide`` and ``/asyncapi``: the documents with one search over all, and what WebSockets say.

The pages are the Markdown files of the folder ``docs``, as they are; the browser draws them.
"""

import re
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from fastapi.responses import FileResponse, JSONResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel

_PACKAGED: Final = Path(__file__).with_name("static") / "guide"
FOLDER: Final = _PACKAGED if _PACKAGED.is_dir() else Path(__file__).parents[4] / "docs"
"""A wheel has the documents in it; a service that is installed from a checkout has the checkout's."""
PAGES: Final = Path(__file__).with_name("static") / "console"
FIRST: Final = (
    *(
        "start.md",
        "console.md",
        "command-line.md",
        "bring-your-graph.md",
        "graphs.md",
        "models.md",
        "protocols/README.md",
        "protocols/",
    ),
    *("events.md", "configuration.md", "operations.md", "promises.md", "voice.md", "quote.md"),
    *("architecture.md", "adr/README.md", "adr/"),
)
"""The order of the pages; those that are not named come last."""
_TITLE: Final = re.compile(r"# (?:\d+\. )?(.+)")


class Page(BaseModel):
    """One of the documents.

    Attributes:
        path: below the folder, such as ``protocols/octo.md``.
        text: Markdown.
    """

    path: str
    title: str
    text: str


def install(app: FastAPI) -> None:
    """Serve the documents and the description of the WebSockets."""
    documents = JSONResponse([page.model_dump() for page in pages(FOLDER)])

    @app.get("/docs/guide", include_in_schema=False)
    async def beside() -> RedirectResponse:
        return RedirectResponse("/docs/guide/")

    @app.get("/docs/guide/", include_in_schema=False)
    async def guide() -> FileResponse:
        return FileResponse(PAGES / "guide.html")

    @app.get("/docs/guide/pages.json", include_in_schema=False)
    async def all_pages() -> JSONResponse:
        return documents

    app.mount("/docs/guide/files", StaticFiles(directory=FOLDER))

    @app.get("/asyncapi", include_in_schema=False)
    async def asyncapi() -> FileResponse:
        return FileResponse(PAGES / "asyncapi.html")

    @app.get("/asyncapi.json", include_in_schema=False)
    async def description() -> FileResponse:
        return FileResponse(FOLDER / "api" / "asyncapi.json", media_type="application/json")

    @app.get("/asyncapi-services.json", include_in_schema=False)
    async def of_services() -> FileResponse:
        return FileResponse(FOLDER / "api" / "asyncapi-services.json", media_type="application/json")


def pages(folder: Path) -> list[Page]:
    """All documents of a folder, in the order in which they are listed."""
    found = [
        Page(path=file.relative_to(folder).as_posix(), title=_title(text) or file.stem, text=text)
        for file in folder.rglob("*.md")
        if (text := file.read_text("utf-8"))
    ]
    return sorted(found, key=lambda page: (_place(page.path), page.path))


def _place(path: str) -> int:
    folder = path[: path.rfind("/") + 1]
    places = {name: number for number, name in enumerate(FIRST)}
    return places.get(path, places.get(folder, len(FIRST)))


def _title(text: str) -> str | None:
    found = _TITLE.search(text)
    return found[1] if found else None
