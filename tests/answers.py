"""What the sample data's tools answer to every phrase that can be said, and to their like in Korean."""

import json
from pathlib import Path
from typing import Any, Final

from voice_bridge.domain.answer import Answer
from voice_bridge.domain.language import language_of
from voice_bridge.domain.prose import pages_of
from voice_bridge.domain.wording import ToolResult, worded

FILE: Final = Path(__file__).parents[1] / "services/voice-bridge/tests/unit/catalogue_results.jsonl"
CATALOGUE: Final = [json.loads(line) for line in FILE.read_text("utf-8").splitlines()]
SLOWEST: Final = "ballad"
"""The voice that takes longest to say something."""


def value(content: str) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return content


def answered(case: dict[str, Any]) -> Answer:
    """What a voice says to one case of the catalogue."""
    language = language_of(case["said"])
    results = [ToolResult(tool, value(content)) for tool, content in case["results"]]
    answer = worded(case["said"], results, case["text"], language)
    return answer or Answer(tuple(pages_of(case["text"], language)), case["text"])
