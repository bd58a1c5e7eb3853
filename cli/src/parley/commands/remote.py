"""The options by which a command speaks to a deployment elsewhere; without them, the environment says so."""

import inspect
import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from parley.commands.output import end

Nats = Annotated[
    str | None, typer.Option("--nats", metavar="URL", help="NATS of the deployment (PARLEY_NATS_URL).")
]
User = Annotated[str | None, typer.Option("--user", help="Its user of NATS (PARLEY_NATS_USER).")]
PasswordFile = Annotated[
    Path | None, typer.Option("--password-file", help="A file that has the password (PARLEY_NATS_PASSWORD).")
]
_OPTIONS: Final = {"nats_url": Nats, "nats_user": User, "nats_password_file": PasswordFile}


def anywhere(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the options that say which deployment it speaks to."""

    @wraps(command)
    def reaching(*values: Any, **named: Any) -> None:
        _reach(*(named.pop(name) for name in _OPTIONS))
        command(*values, **named)

    own = inspect.signature(command, eval_str=True)
    more = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
        for name, annotation in _OPTIONS.items()
    ]
    reaching.__signature__ = own.replace(parameters=[*own.parameters.values(), *more])  # type: ignore[attr-defined]  # what inspect reads
    reaching.__annotations__ = {**command.__annotations__, **_OPTIONS}
    return reaching


def _reach(nats: str | None, user: str | None, password_file: Path | None) -> None:
    if nats is None and (user or password_file):
        raise end("--user and --password-file need --nats", 2)
    if nats is None:
        return
    os.environ["PARLEY_NATS_URL"] = nats
    if user or "@" not in nats:  # otherwise the address says who
        os.environ["PARLEY_NATS_USER"] = user or os.environ.get("PARLEY_NATS_USER", "operator")
    if password_file is not None:
        try:
            os.environ["PARLEY_NATS_PASSWORD"] = password_file.read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            raise end(
                f"{password_file} cannot be read: {getattr(error, 'strerror', None) or error}", 2
            ) from None
