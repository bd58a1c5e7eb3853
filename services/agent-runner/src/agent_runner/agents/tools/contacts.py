"""The contacts table, read from `contacts.csv` and kept until the file changes."""

import csv
from typing import Any

from langchain_core.tools import BaseTool

from agent_runner.agents.tools.answering import ToolFailed, tool_of
from agent_runner.agents.tools.folder import DataFolder, Fingerprint, fingerprint


class Contacts:
    """Reads the file again when its size or time of change differs."""

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder
        self._read: tuple[Fingerprint, list[dict[str, str]]] | None = None

    def rows(self) -> list[dict[str, str]]:
        """Every contact, in the file's order.

        Raises:
            ToolFailed: if the folder has no contacts file.
        """
        try:
            mark = fingerprint([self._folder.contacts])
            if self._read is None or self._read[0] != mark:
                with self._folder.contacts.open(encoding="utf-8-sig", newline="") as file:
                    self._read = (mark, list(csv.DictReader(file)))
        except FileNotFoundError:
            raise ToolFailed(f"there is no {self._folder.contacts.name} in the data folder") from None
        return self._read[1]

    def names(self) -> list[str]:
        """Whom the file has; nobody where there is none."""
        if not self._folder.contacts.exists():
            return []
        return [row["name"] for row in self.rows() if row.get("name")]


def contact_tools(folder: DataFolder) -> list[BaseTool]:
    """`find_contacts` over the folder's contacts."""
    contacts = Contacts(folder)

    async def find_contacts(
        name: str | None = None,
        company: str | None = None,
        role: str | None = None,
        region: str | None = None,
    ) -> list[dict[str, Any]]:
        """Find people in the contacts table. Without arguments: all contacts.
        Each argument keeps the rows whose field contains it, upper and lower case alike."""
        wanted = {"name": name, "company": company, "role": role, "region": region}
        asked = {field: text.casefold() for field, text in wanted.items() if text}
        return [
            dict(row)
            for row in contacts.rows()
            if all(text in (row.get(field) or "").casefold() for field, text in asked.items())
        ]

    return [tool_of(find_contacts)]
