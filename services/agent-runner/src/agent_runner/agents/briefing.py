"""What a provider's model has to know before it can choose: the date, the language, the data there is."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Final

from langchain_core.messages import SystemMessage

from agent_runner.agents.prompts import Name, prompt
from agent_runner.agents.tools.datasets import Datasets
from agent_runner.agents.tools.folder import DataFolder
from agent_runner.engine.faults import Language
from chassis.settings import WrongSetting

MOST_NAMED: Final = 40
"""Datasets, notes or templates named in a prompt; the tools list the others."""
LONGEST_INSTRUCTIONS: Final = 20_000
_LANGUAGES: Final[dict[Language, str]] = {"ko": "Korean", "en": "the language of the user's last message"}


class Briefing:
    """Makes the system message of a turn."""

    def __init__(
        self, folder: DataFolder, datasets: Datasets, instructions: str, today: Callable[[], date]
    ) -> None:
        self._folder = folder
        self._datasets = datasets
        self._instructions = instructions
        self._today = today

    async def message(self, name: Name, language: Language, *, spoken: bool = False) -> SystemMessage:
        """The prompt of that name for a turn in this language, which is read or heard."""
        text = prompt(
            name,
            today=f"{self._today():%A, %Y-%m-%d}",
            language=_LANGUAGES[language],
            choices=await self._choices(),
            instructions=self._instructions,
        )
        return SystemMessage(f"{text}\n\n{prompt('spoken')}" if spoken else text)

    async def _choices(self) -> str:
        """Datasets with their columns, notes, templates; what can't be read is left for the tools to tell."""
        _, shapes, _ = await self._datasets.open()
        datasets = [
            f"- {name} ({rows} rows): {', '.join(columns)}" for name, (rows, columns) in shapes.items()
        ]
        notes = sorted(file.name for file in self._folder.notes())
        templates = sorted({file.name.partition(".")[0] for file in self._folder.templates()})
        return "\n".join(
            (
                "Datasets:",
                *(datasets[:MOST_NAMED] or ["- none"]),
                f"Notes: {', '.join(notes[:MOST_NAMED]) or 'none'}",
                f"Templates of documents: {', '.join(templates[:MOST_NAMED]) or 'none'}",
            )
        )


def instructions_of(setting: str) -> str:
    """The text, or what is in the file that it names.

    Raises:
        WrongSetting: if the file cannot be read, or is too long for a prompt.
    """
    text = setting.strip()
    if "\n" not in text and text and len(text) < 1_000 and Path(text).is_file():
        try:
            text = Path(text).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise WrongSetting(f"PARLEY_INSTRUCTIONS: {setting}: {error}") from error
    if len(text) > LONGEST_INSTRUCTIONS:
        raise WrongSetting(f"PARLEY_INSTRUCTIONS: longer than {LONGEST_INSTRUCTIONS} characters")
    return text
