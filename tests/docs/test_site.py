"""The static site is built offline from the same pages, and loads nothing from another host."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.docs.blocks import ROOT

_LOADED: Final = re.compile(r'<(?:script|img|link|iframe)\b[^>]*\b(?:src|href)="(https?:)?//')


def test_the_site_is_whole_and_its_own(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    program = Path(sys.executable).with_name("zensical")
    built = subprocess.run([program, "build"], cwd=tmp_path, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    assert "No issues found" in built.stdout + built.stderr
    site, docs = tmp_path / "build" / "site", tmp_path / "docs"
    pages = [page.relative_to(docs).with_suffix(".html") for page in docs.rglob("*.md")]
    wanted = {page.with_stem("index") if page.stem == "README" else page for page in pages}
    made = {page.relative_to(site) for page in site.rglob("*.html")}
    assert wanted <= made
    assert [page for page in made if _LOADED.search((site / page).read_text())] == []
    unread = [str(page) for page in wanted if "```" in (site / page).read_text()]
    assert unread == [], "a block of code that is none: its kind is written as title="
