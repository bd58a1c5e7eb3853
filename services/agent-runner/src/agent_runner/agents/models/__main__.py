"""``python -m agent_runner.agents.models``: asks the model of the settings for one token, in one line."""

import asyncio
import sys

from agent_runner.agents.models.select import check
from chassis.settings import WrongSetting

if __name__ == "__main__":
    try:
        print(asyncio.run(check()))  # noqa: T201 - what `parley doctor` reads
    except WrongSetting as error:
        sys.exit(str(error))
