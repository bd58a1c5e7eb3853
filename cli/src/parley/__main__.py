"""``python -m parley`` is the parley command."""

from parley.app import main

main()
