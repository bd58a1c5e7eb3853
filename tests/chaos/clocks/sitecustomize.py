"""Gives a process that has this folder on its ``PYTHONPATH`` a wall clock that is wrong.

``WRONG_CLOCKS`` names modules run by ``-m`` and by how many hours theirs is ahead, as JSON.
"""

import json
import os
import sys
from datetime import UTC, datetime, timedelta

import time_machine

module = sys.orig_argv[sys.orig_argv.index("-m") + 1] if "-m" in sys.orig_argv else ""
if hours := json.loads(os.environ["WRONG_CLOCKS"]).get(module):
    time_machine.travel(datetime.now(UTC) + timedelta(hours=hours)).start()
