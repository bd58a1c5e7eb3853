"""The settings for a command, or its end with one line."""

import os
from pathlib import Path

import typer

from parley.settings import Settings, SettingsError


def settings() -> Settings:
    """The settings in force in the working directory."""
    try:
        return Settings.load(os.environ, Path(".env"))
    except SettingsError as error:
        typer.echo(f"parley: {error}", err=True)
        raise typer.Exit(1) from None
