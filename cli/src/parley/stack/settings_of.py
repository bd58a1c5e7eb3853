"""``python -m parley.stack.settings_of``: the settings of every service as it reads them."""

import importlib
import sys

from chassis.settings import Settings, WrongSetting, load
from parley.stack.services import SERVICES

SHARED = ("eventlog.settings", "access.settings", "identity.settings")


def main() -> int:
    """Read all; the answer is the exit code."""
    count = 0
    for module in (*SHARED, *(f"{service.module}.settings" for service in SERVICES if service.installed)):
        for found in vars(importlib.import_module(module)).values():
            if isinstance(found, type) and issubclass(found, Settings) and found.__module__ == module:
                try:
                    count += len(type(load(found)).model_fields)
                except WrongSetting as error:
                    sys.stderr.write(f"{error}\n")
                    return 1
    sys.stdout.write(f"{count} of the services fit\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
