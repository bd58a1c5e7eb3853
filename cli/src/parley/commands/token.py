"""``parley token``: a token for a user, signed as the services check it."""

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from parley.commands.settings import settings
from parley.stack.data_dir import DataDir

DAY_SECONDS = 86400


def token(
    user: Annotated[str, typer.Option(help="The user the token is for, its `sub`.")],
    ttl: Annotated[int, typer.Option(help="Seconds it is good for.", min=1)] = DAY_SECONDS,
) -> None:
    """Print a JWT for a user, signed with PARLEY_JWT_SECRET or else with the secret of this installation."""
    import jwt

    secret = _given() or _kept()
    now = int(time.time())
    typer.echo(jwt.encode({"sub": user, "iat": now, "exp": now + ttl}, secret, algorithm="HS256"))


def _given() -> str | None:
    """The secret that a service of this installation is given, where this runs beside one."""
    if secret := os.environ.get("PARLEY_JWT_SECRET"):
        return secret
    file = Path(os.environ.get("PARLEY_SECRETS_DIR", "")) / "parley_jwt_secret"
    return file.read_text().strip() if file.is_absolute() and file.exists() else None


def _kept() -> str:
    here = settings()
    return here.environment.get("PARLEY_JWT_SECRET") or DataDir(here.data_dir).secret("jwt")
