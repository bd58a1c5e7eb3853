"""``python -m history_store`` serves; ``python -m history_store rebuild`` rebuilds."""

import argparse

from eventlog import service
from history_store.app import NAME, build
from history_store.rebuild import main as rebuild


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m history_store", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    again = commands.add_parser("rebuild", help="build the tables anew from the log and swap them in")
    again.add_argument("--verify", action="store_true", help="only compare them with the live ones")
    again.add_argument("--digests", action="store_true", help="print the digest of each conversation too")
    arguments = parser.parse_args()
    if arguments.command == "rebuild":
        rebuild(verify=arguments.verify, each=arguments.digests)
    else:
        service.run(NAME, build)


if __name__ == "__main__":
    main()
