"""Where the files of archived conversations are: a folder, or a bucket that speaks S3's protocol."""

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from obstore.store import ObjectStore

from eventlog.ports import Unavailable


class Storage:
    """Files by name."""

    def __init__(self, where: str) -> None:
        """`where` is a folder, or ``s3://bucket/prefix``, whose credentials are ``AWS_…`` variables.

        Nothing is looked at or made before it is needed.
        """
        self.where = where
        self._folder = None if "://" in where else Path(where)
        self._opened: ObjectStore | None = None

    async def put(self, name: str, content: bytes) -> None:
        """Store a file, on the disk for certain. Raises `Unavailable`."""
        try:
            await self._store().put_async(name, content)
            if self._folder:
                await asyncio.to_thread(_synced, self._folder / name)
        except _failures() as error:
            raise self._away(error) from error

    async def get(self, name: str) -> bytes | None:
        """The content of a file, None if there is none. Raises `Unavailable`."""
        try:
            found = await self._store().get_async(name)
            return bytes(await found.bytes_async())
        except FileNotFoundError:
            return None
        except _failures() as error:
            raise self._away(error) from error

    async def remove(self, *names: str) -> None:
        """Remove files; those that are not there are none the less gone. Raises `Unavailable`."""
        for name in names:
            try:
                await self._store().delete_async(name)
            except FileNotFoundError:
                continue
            except _failures() as error:
                raise self._away(error) from error

    async def names(self, folder: str) -> list[str]:
        """The files below a folder. Raises `Unavailable`."""
        if self._folder and not await asyncio.to_thread(self._folder.exists):
            return []
        try:
            return [each["path"] async for part in self._store().list(prefix=folder) for each in part]
        except FileNotFoundError:
            return []
        except _failures() as error:
            raise self._away(error) from error

    def _store(self) -> "ObjectStore":
        if self._opened is None:
            from obstore.store import LocalStore, from_url  # 4 MB, where there is an archive

            self._opened = LocalStore(self._folder, mkdir=True) if self._folder else from_url(self.where)
        return self._opened

    def _away(self, error: Exception) -> Unavailable:
        return Unavailable(f"archive {self.where}: {error or type(error).__name__}")


def _failures() -> tuple[type[Exception], ...]:
    from obstore.exceptions import BaseError

    return (BaseError, OSError, ValueError)


def _synced(path: Path) -> None:
    """Have the disk keep a file and the folders it is found by."""
    for each in (path, *list(path.parents)[:3]):
        descriptor = os.open(each, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
