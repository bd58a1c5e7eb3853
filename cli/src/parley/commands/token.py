"""``parley token``: a token for a user, signed as the services check it."""

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from parley.commands.output import end
from parley.commands.settings import settings
from parley.stack.data_dir import DataDir

DAY_SECONDS = 86400


def token(
    user: Annotated[str, typer.Option(help="The user the token is for, its `sub`.")],
    ttl: Annotated[int, typer.Option(help="Seconds it is good for.", min=1)] = DAY_SECONDS,
    operator: Annotated[
        bool, typer.Option("--operator", help="It may see, retry and drop dead letters.")
    ] = False,
) -> None:
    """Print a JWT for a user, signed with PARLEY_JWT_SECRET or else with the secret of this installation."""
    import jwt

    from contracts.tokens import OPERATOR_SCOPE

    if not user.strip():
        raise end("--user must not be empty", 2)
    if given := _given():
        secret, source = given, "PARLEY_JWT_SECRET"
    else:
        secret, source = _kept()
    typer.echo(f"signed with {source}", err=True)
    now = int(time.time())
    claims = {"sub": user, "iat": now, "exp": now + ttl} | ({"scope": OPERATOR_SCOPE} if operator else {})
    typer.echo(jwt.encode(claims, secret, algorithm="HS256"))


def _given() -> str | None:
    """The secret that a service of this installation is given, where this runs beside one."""
    if secret := os.environ.get("PARLEY_JWT_SECRET"):
        return secret
    file = Path(os.environ.get("PARLEY_SECRETS_DIR", "")) / "parley_jwt_secret"
    return file.read_text().strip() if file.is_absolute() and file.exists() else None


def _kept() -> tuple[str, str]:
    """The secret of this installation and where it is.

    None is made in a folder that nobody named: no service would know it.
    """
    here = settings()
    if secret := here.environment.get("PARLEY_JWT_SECRET"):
        return secret, "PARLEY_JWT_SECRET of .env"
    file = here.data_dir / "jwt.secret"
    if not (here.data_dir.exists() or "PARLEY_DATA_DIR" in here.environment):
        raise end(f"there is no installation in {here.data_dir} (PARLEY_DATA_DIR): run `parley up` first")
    return DataDir(here.data_dir).secret("jwt"), str(file)
