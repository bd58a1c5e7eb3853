"""The quotations that come with Parley (`quotations.jsonl`, its schema beside it), and how to read one's own.

What a line means is in `domain.quotation`.
"""

from importlib.resources import files
from pathlib import Path

from quote_engine.domain.quotation import CollectionError, Quotation, parse_collection


def load_collection(path: Path | None = None) -> tuple[Quotation, ...]:
    """Read a user's own file, or the collection that comes with Parley.

    Raises:
        CollectionError: if the file can't be read or a line in it does not fit.
    """
    if path is None:
        text = (files(__package__) / "quotations.jsonl").read_text("utf-8")
        return parse_collection(text.split("\n"), "quotations.jsonl")
    try:
        return parse_collection(path.read_text("utf-8").split("\n"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise CollectionError(f"{path}: can't be read: {error}") from error
