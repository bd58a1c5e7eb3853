"""What the model is told: a Markdown file each, with ``{name}`` where a value goes."""

from pathlib import Path
from typing import Literal, TypeAlias

Name: TypeAlias = Literal["planner", "chat", "consent", "spoken", "summary"]


def prompt(name: Name, **values: str) -> str:
    """The text with its values in their places."""
    text = (Path(__file__).parent / f"{name}.md").read_text(encoding="utf-8")
    return text.format(**values).strip()
