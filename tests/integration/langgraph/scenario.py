"""Recorded scenarios, and where answers differ from those that were recorded.

In a recording an id is a placeholder such as ``<run-1>``: it stands for any text, always for the same one.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

PLACEHOLDER = re.compile(r"<[a-z-]+-\d+>|<time>")
TRIMMED = re.compile(r"<\d+ definitions, trimmed>")


@dataclass
class Scenario:
    """One recording, and what its placeholders have come to stand for.

    Attributes:
        webhooks: what the server posted.
    """

    path: Path
    exchanges: list[dict[str, Any]]
    webhooks: list[dict[str, Any]] = field(default_factory=list)
    bound: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path, replaced: Mapping[str, str] | None = None) -> "Scenario":
        """A recording, with some texts in it replaced."""
        text = path.read_text()
        for recorded, own in (replaced or {}).items():
            text = text.replace(recorded, own)
        lines = [json.loads(line) for line in text.splitlines()[1:]]
        told = [line["request"]["body"] for line in lines if _is_webhook(line)]
        return cls(path, _without_polls([line for line in lines if not _is_webhook(line)]), told)

    def filled(self, text: str) -> str:
        """A text with what is known in place of the placeholders."""
        return PLACEHOLDER.sub(lambda found: self.bound.get(found[0], found[0]), text)

    def bind(self, request: dict[str, Any]) -> list[str]:
        """Choose what is sent before any answer has named it."""
        text = request["path"] + json.dumps(request["body"])
        unknown = [name for name in PLACEHOLDER.findall(text) if name not in self.bound]
        self.bound |= {name: uuid4().hex if name.startswith("<hex") else str(uuid4()) for name in unknown}
        return unknown

    def differences(self, expected: Any, found: Any, place: str = "") -> Iterator[str]:
        """Where an answer is not as it was recorded; more fields than that are no difference."""
        if isinstance(expected, dict) and isinstance(found, dict):
            yield from self._in_fields(expected, found, place)
        elif isinstance(expected, list) and isinstance(found, list):
            if len(expected) != len(found):
                yield f"{place} has {len(found)} items, not {len(expected)}"
            for number, (one, other) in enumerate(zip(expected, found, strict=False)):
                yield from self.differences(one, other, f"{place}[{number}]")
        elif isinstance(found, dict) and expected and TRIMMED.fullmatch(str(expected)):
            return
        elif isinstance(expected, str) and isinstance(found, str) and PLACEHOLDER.search(expected):
            if not self._fits(expected, found):
                yield f"{place} is {found!r}, not {self.filled(expected)!r}"
        elif expected != found or isinstance(expected, bool) != isinstance(found, bool):
            yield f"{place} is {str(found)[:150]!r}, not {str(expected)[:150]!r}"

    def _in_fields(self, expected: dict[str, Any], found: dict[str, Any], place: str) -> Iterator[str]:
        for name, value in expected.items():
            filled = self.filled(name)
            if PLACEHOLDER.search(filled):  # an unknown key: the one that is not named otherwise
                others = [key for key in found if key not in expected]
                if len(others) == 1:
                    self.bound[name] = filled = others[0]
            if filled in found:
                yield from self.differences(value, found[filled], f"{place}.{name}")
            else:
                yield f"{place}.{name} is missing"

    def _fits(self, expected: str, found: str) -> bool:
        """Whether a text is the recorded one; placeholders that are new are bound."""
        names: list[str] = []
        pattern = ""
        at = 0
        for mark in PLACEHOLDER.finditer(expected):
            pattern += re.escape(expected[at : mark.start()])
            name, at = mark[0], mark.end()
            if name == "<time>":
                pattern += r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)"
            elif name in self.bound:
                pattern += re.escape(self.bound[name])
            else:
                pattern += f"(?P<g{len(names)}>[0-9A-Za-z_.:-]+)"
                names.append(name)
        match = re.fullmatch(pattern + re.escape(expected[at:]), found)
        if match is None:
            return False
        self.bound |= {name: match[f"g{number}"] for number, name in enumerate(names)}
        return True


def _is_webhook(line: dict[str, Any]) -> bool:
    return str(line["request"]["path"]).startswith("(webhook)")


def _without_polls(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of a request that was repeated until something had changed, the last, marked as `polled`."""
    kept: list[dict[str, Any]] = []
    for line in lines:
        repeated = kept and line["request"]["method"] == "GET" and line["request"] == kept[-1]["request"]
        if repeated and "body" in line["response"]:
            kept.pop()
            kept.append(line | {"polled": True})
        else:
            kept.append(line)
    return kept
