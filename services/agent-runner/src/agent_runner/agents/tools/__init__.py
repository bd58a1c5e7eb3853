"""The tools that come with Parley: contacts, datasets, documents and notes over one folder.

A tool whose `metadata["commits"]` is true commits its user to something; the planner asks before it
calls one. Every tool answers with JSON text for a model and the plain value as artifact.
Read `folder` for where the data is, then a module per subject; `mcp` adds other servers' tools.
"""

from langchain_core.tools import BaseTool

from agent_runner.agents.tools.contacts import contact_tools
from agent_runner.agents.tools.datasets import Datasets, dataset_tools
from agent_runner.agents.tools.documents import document_tools
from agent_runner.agents.tools.folder import DataFolder
from agent_runner.agents.tools.notes import note_tools
from agent_runner.agents.tools.storage import DocumentStore


def built_in_tools(
    folder: DataFolder, documents: DocumentStore, datasets: Datasets | None = None
) -> list[BaseTool]:
    """Every tool over one folder and one document store. Nothing is read until a tool is called."""
    return [
        *contact_tools(folder),
        *dataset_tools(datasets or Datasets(folder)),
        *document_tools(folder, documents),
        *note_tools(folder),
    ]
