"""Opening a store: where it is, whether it is one, and bringing its tables up to date.

SQLite keeps one file. Each acknowledged change is on the disk before the call returns: write-ahead log with
``synchronous=FULL``, which syncs the log at every commit (``NORMAL`` would survive a killed process, but not
a power cut). Writers take the lock when they begin (``BEGIN IMMEDIATE``) and wait for each other, so no
transaction that has read ever fails to write. PostgreSQL commits the same way unless ``synchronous_commit``
is off, which is turned on for our connections.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs
import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event
from sqlalchemy.engine import URL, Engine, make_url

from geo.errors import Fault, StoreError
from geo.store.tables import VERSION_TABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["VARIABLE", "connect", "default_path", "guarded", "migrate", "place_of", "shown"]

VARIABLE = "JINGJINJI_STORE"
FILE = "store.sqlite"
MAGIC = b"SQLite format 3\x00"
APPLICATION_ID = 0x4A4A4A31  # "JJJ1": tells our files from other programs' SQLite files
WAIT_SECONDS = 15
LOCK = 0x4A4A4A32  # PostgreSQL advisory lock, held while tables are brought up to date
# Alembic's operations go through one global; two threads that open at once take turns.
_MIGRATING = threading.Lock()
_REASONS = (
    ("locked", "store.busy"),
    ("disk is full", "store.full"),
    ("readonly", "store.no_access"),
    ("unable to open", "store.no_access"),
    ("malformed", "store.corrupt"),
    ("not a database", "store.corrupt"),
)


def default_path() -> Path:
    """Return the file used where nothing else is said: in the user's data folder."""
    return platformdirs.user_data_path("jingjinji", appauthor=False) / FILE


def place_of(place: str | Path | None = None) -> URL:
    """Return the URL of a store: what is given, else the environment's ``JINGJINJI_STORE``, else the default.

    Parameters
    ----------
    place
        A path of an SQLite file, or a URL of SQLite or PostgreSQL.

    Raises
    ------
    StoreError
        If it is neither.
    """
    text = str(place or os.environ.get(VARIABLE) or default_path())
    if "://" not in text:
        return URL.create("sqlite", database=str(Path(text).expanduser().resolve()))
    try:
        url = make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        raise StoreError(Fault("store.bad_url", "", {"kinds": "sqlite, postgresql"})) from None
    kind = url.drivername.partition("+")[0]
    if kind in {"postgresql", "postgres"}:
        return url.set(drivername="postgresql+psycopg")
    if kind == "sqlite" and url.database and url.database != ":memory:":
        return URL.create("sqlite", database=str(Path(url.database).expanduser().resolve()))
    raise StoreError(Fault("store.bad_url", shown(url), {"kinds": "sqlite, postgresql"}))


def shown(url: URL) -> str:
    """Return a store's place as a person may see it: a path, or a URL without its password."""
    return str(url.database) if url.drivername == "sqlite" else url.render_as_string(hide_password=True)


@contextmanager
def guarded(url: URL) -> Iterator[None]:
    """Turn the database's errors into ours."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        raise _said(error.orig or error, url) from error
    except sqlite3.Error as error:
        raise _said(error, url) from error


def _said(error: BaseException, url: URL) -> StoreError:
    reason = str(error).strip().partition("\n")[0]
    code = "store.failed" if url.drivername == "sqlite" else "store.unreachable"
    if not isinstance(error, sqlite3.Error) and type(error).__name__ not in {
        "OperationalError",
        "InterfaceError",
    }:
        code = "store.failed"
    if isinstance(error, sqlite3.Error):
        code = next((known for part, known in _REASONS if part in reason), code)
    return StoreError(Fault(code, shown(url), {"reason": reason}))


def connect(url: URL) -> Engine:
    """Return an engine on an existing or new store; nothing is written to a file that is not ours.

    Raises
    ------
    StoreError
        If the file is no store, damaged, or cannot be reached.
    """
    if url.drivername == "sqlite":
        path = Path(str(url.database))
        with guarded(url):
            _look_at(path, url)
            engine = sa.create_engine(url, connect_args={"timeout": WAIT_SECONDS})
            event.listen(engine, "connect", _on_sqlite)
            event.listen(engine, "begin", _begin)
            _mark(path)
        return engine
    try:
        engine = sa.create_engine(url, pool_pre_ping=True)
    except ImportError:
        raise StoreError(Fault("store.no_driver", shown(url))) from None
    event.listen(engine, "connect", _on_postgres)
    return engine


def _look_at(path: Path, url: URL) -> None:
    """Refuse a file that is not a sound store, having only read it."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        head = path.read_bytes()[: len(MAGIC)] if path.exists() else b""
    except OSError as error:
        fault = Fault("store.no_access", str(path), {"reason": error.strerror or str(error)})
        raise StoreError(fault) from None
    if not head:
        return
    if head != MAGIC:
        raise StoreError(Fault("store.not_a_store", str(path)))
    uri = f"{path.as_uri()}?mode=ro"
    with guarded(url), closing(sqlite3.connect(uri, uri=True, timeout=WAIT_SECONDS)) as file:
        identity = file.execute("PRAGMA application_id").fetchone()[0]
        tables = file.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if identity != APPLICATION_ID and (identity or tables):
            raise StoreError(Fault("store.not_a_store", str(path)))
        verdict = file.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise StoreError(Fault("store.corrupt", str(path), {"reason": str(verdict)}))


def _mark(path: Path) -> None:
    """Make a new file ours: first the mark, in the file itself, then the log."""
    with closing(sqlite3.connect(path, timeout=WAIT_SECONDS, isolation_level=None)) as file:
        if file.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            file.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        if file.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            file.execute("PRAGMA journal_mode = WAL")


def _on_sqlite(connection: Any, _record: object) -> None:
    # our own BEGIN below, not the driver's, which would come too late
    connection.isolation_level = None
    for pragma in ("foreign_keys = ON", "synchronous = FULL"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: sa.Connection) -> None:
    write = connection.get_execution_options().get("write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _on_postgres(connection: Any, _record: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('synchronous_commit', 'on', false)"
            " WHERE current_setting('synchronous_commit') = 'off'"
        )
    connection.commit()


def scripts() -> ScriptDirectory:
    """Return the migrations that this version of the program knows."""
    config = Config()
    folder = str(Path(__file__).parent / "migrations")
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config)


def migrate(engine: Engine, url: URL) -> None:
    """Bring the tables up to date, all or nothing; refuse those of a newer version untouched.

    Raises
    ------
    StoreError
        If a newer version of the program has written to the store.
    """
    known = scripts()
    newest = known.get_current_head()
    with guarded(url), _MIGRATING:
        with engine.connect() as connection:
            if _version(connection, known, url) == newest:
                return
        with engine.connect().execution_options(write=True) as connection, connection.begin():
            if connection.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
            if _version(connection, known, url) != newest:
                _upgrade(connection, known)


def _version(connection: sa.Connection, known: ScriptDirectory, url: URL) -> str | None:
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    version = context.get_current_revision()
    if version is not None and version not in {script.revision for script in known.walk_revisions()}:
        values = {"version": version, "known": known.get_current_head()}
        raise StoreError(Fault("store.newer", shown(url), values))
    return version


def _upgrade(connection: sa.Connection, known: ScriptDirectory) -> None:
    def steps(current: Any, _context: Any) -> Any:
        return known._upgrade_revs("head", current)  # noqa: SLF001  what Alembic's own command calls

    config = Config()
    with EnvironmentContext(config, known, fn=steps, destination_rev="head") as environment:
        environment.configure(connection=connection, version_table=VERSION_TABLE)
        environment.run_migrations()
