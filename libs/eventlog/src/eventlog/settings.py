"""What every service is told about NATS by ``PARLEY_NATS_…`` variables."""

from pathlib import Path
from typing import Self

from pydantic import Field, FilePath, PrivateAttr, SecretStr, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import SettingsConfigDict

from chassis.settings import Settings
from eventlog.addresses import parted


class NatsSettings(Settings):
    """Connection and time limits; all times in seconds.

    Credentials in `url` are taken out of it: they become `user` and `password`, or `token`.
    """

    model_config = SettingsConfigDict(env_prefix="PARLEY_NATS_")

    url: str = "nats://127.0.0.1:4222"
    """One or more server addresses, comma separated. Credentials may be in them: user:password@ or token@."""
    user: str | None = None
    """The user of NATS. Answers come to its inbox ``_inbox.<user>``, which no other user may read."""
    password: SecretStr | None = None
    """The password of that user."""
    tls_ca: FilePath | None = None
    """A file of the certificates to trust; with it the connection is encrypted or fails."""
    request_timeout: float = Field(default=2.0, gt=0)
    """Seconds that one request to NATS may take."""
    connect_deadline: float = Field(default=10.0, gt=0)
    """Seconds that the first connection to NATS may take."""
    append_deadline: float = Field(default=10.0, gt=0)
    """Seconds that an append to the log may take with all its retries."""
    idle_check: float = Field(default=15.0, gt=0)
    """Seconds of silence after which a follower looks at the log itself."""
    _token: SecretStr | None = PrivateAttr(default=None)

    @property
    def servers(self) -> list[str]:
        """The addresses in `url`."""
        return self.url.split(",")

    @property
    def token(self) -> SecretStr | None:
        """What a client without a name shows."""
        return self._token

    @model_validator(mode="after")
    def _take_credentials(self) -> Self:
        try:
            servers, credentials = parted(self.url)
        except ValueError as error:
            raise PydanticCustomError("address", f"PARLEY_NATS_URL: {error}") from None
        self.url = ",".join(servers)
        if credentials is None:
            return self
        user, secret = credentials.user, SecretStr(credentials.secret)
        password = secret if user else None
        if self.user not in {None, user} or self.password not in {None, password}:
            raise PydanticCustomError(
                "credentials",
                "PARLEY_NATS_URL has other credentials than PARLEY_NATS_USER and PARLEY_NATS_PASSWORD; "
                "give them in one place",
            )
        self.user, self.password, self._token = user, password, None if user else secret
        return self


class PurgeSettings(Settings):
    """How long what was deleted is kept."""

    purge_after_days: float = Field(default=30, ge=0)
    """Days after which what was said in a deleted conversation is removed for good; 0 for never."""


class ArchiveSettings(Settings):
    """Where quiet conversations go, and when."""

    data_dir: Path = Path(".parley")
    """Where the log, the projections and the generated secrets are kept."""
    archive: str = ""
    """A folder or `s3://bucket/prefix` for archived conversations. Empty: a folder in PARLEY_DATA_DIR."""
    archive_after_days: float = Field(default=0, ge=0)
    """Days of quiet after which a conversation is archived until it is used again; 0 for never."""

    @property
    def place(self) -> str:
        """The folder or the address of the bucket."""
        return self.archive or str(self.data_dir / "archive")
