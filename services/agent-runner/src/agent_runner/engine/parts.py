"""Long texts in parts that fit into one answer each."""

from typing import Final

PART_CHARACTERS: Final = 150_000


def part_of(text: str, number: int) -> tuple[str, int]:
    """A part of a text by its number, from 0 on, and how many there are."""
    begin = number * PART_CHARACTERS
    return text[begin : begin + PART_CHARACTERS], -(-len(text) // PART_CHARACTERS)
