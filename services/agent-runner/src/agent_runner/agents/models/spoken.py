"""What can be said aloud to the agent: phrases that its rules understand, for recognizers with a grammar.

`{name}` stands for a contact whose name is written in Latin letters, since the phrases are English.
"""

from collections.abc import Iterable
from itertools import islice
from typing import Final

from contracts.queries import SpokenCommands

MOST_NAMES: Final = 300
"""A recognizer makes its grammar for each talk, in about a millisecond and 0.1 MB for each name."""
LONGEST_NAME: Final = 60
PHRASES: Final = (
    "get all contacts",
    "show all contacts",
    "show me the contacts",
    "email of {name}",
    "what is the email of {name}",
    "what is the email address of {name}",
    "phone number of {name}",
    "what is the phone number of {name}",
    "find the contact of {name}",
    "contacts in seattle",
    "contacts in london",
    "contacts in berlin",
    "contacts in paris",
    "contacts in tokyo",
    "contacts in rome",
    "analyze the sales",
    "analyze sales of {year}",
    "show the sales by region",
    "show the sales by product",
    "analyze the expenses",
    "analyze the expenses of {year}",
    "show the project progress",
    "list the data sets",
    "write the monthly report",
    "list the documents",
    "what is the vacation policy",
    "what is the remote work policy",
    "what is the security policy",
    "who are you",
    "what did i ask before",
)


def spoken_commands(names: Iterable[str]) -> SpokenCommands:
    """The phrases, and of the contacts' names the first that an English grammar can hold."""
    fitting = dict.fromkeys(name for name in names if _can_be_said(name))
    return SpokenCommands(phrases=PHRASES, names=tuple(islice(fitting, MOST_NAMES)))


def _can_be_said(name: str) -> bool:
    return name.isascii() and len(name) <= LONGEST_NAME and any(map(str.isalpha, name))
