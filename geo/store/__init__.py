"""Saved work: people, their plans with every edit ever made, and what they publish.

::

    with open_store() as store:  # one SQLite file; a team gives a PostgreSQL URL
        mine = store.workspace("somebody")
        saved = mine.create(plan, baseline=Edition.here(region).text)
        saved = mine.save(saved, saved.plan.assume("day_limit", 90))  # on the disk when it returns
        saved = mine.undo(saved)
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from geo.store import opening
from geo.store.desk import Desk
from geo.store.opening import default_path
from geo.store.records import Entry, Publication, Saved, Step, StoreConflictError, UnreadableError
from geo.store.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import sqlalchemy as sa

__all__ = [
    "Desk",
    "Entry",
    "Publication",
    "Saved",
    "Step",
    "Store",
    "StoreConflictError",
    "UnreadableError",
    "Workspace",
    "default_path",
    "open_store",
]


class Store:
    """An open store; many threads and processes may use one place at once.

    Parameters
    ----------
    place
        As in :func:`open_store`.
    """

    def __init__(self, place: str | Path | None = None) -> None:
        self._url = opening.place_of(place)
        self._engine = opening.connect(self._url)
        try:
            opening.migrate(self._engine, self._url)
        except BaseException:
            self._engine.dispose()
            raise

    @property
    def place(self) -> str:
        """Return where it is: a path, or a URL without its password."""
        return opening.shown(self._url)

    def workspace(self, owner: str) -> Workspace:
        """Return the plans of one person, by an opaque id."""
        return Workspace(self, owner)

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Give a transaction that only reads, all of it at one moment."""
        with opening.guarded(self._url), self._engine.connect() as database, database.begin():
            yield database

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """Give a transaction that writes; it is on the disk once this ends."""
        connection = self._engine.connect
        with (
            opening.guarded(self._url),
            connection().execution_options(write=True) as database,
            database.begin(),
        ):
            yield database

    def close(self) -> None:
        """Let go of the file or the server."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        """Return the store."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the file or the server."""
        self.close()


def open_store(place: str | Path | None = None) -> Store:
    """Open a store, make it if there is none, and bring its tables up to date.

    Parameters
    ----------
    place
        Path of an SQLite file or URL of SQLite or PostgreSQL; by default the environment's
        ``JINGJINJI_STORE``, else a file in the user's data folder.

    Raises
    ------
    StoreError
        If the file is not a store, is damaged or written by a newer version (it is left as it is), or the
        server cannot be reached.
    """
    return Store(place)
