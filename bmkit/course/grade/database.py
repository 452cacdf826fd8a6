"""The database under the grade book: SQLite or PostgreSQL, and its errors in words."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from bmkit.course.words import say
from bmkit.errors import BmkitError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Table

WAIT = 30  # seconds for another program to let go of an SQLite file
# What is in a database's words, and the sentence that says what it means.
ADVICE = {
    "database is locked": "advice.locked",
    "unable to open database file": "advice.unopened",
    "readonly": "advice.readonly",
    "file is not a database": "advice.no_book",
    "disk is full": "advice.full",
    "No space left": "advice.full",
    "authentication failed": "advice.password",
    "no password supplied": "advice.no_password",
    "does not exist": "advice.no_database",
    "permission denied": "advice.forbidden",
    "could not translate host": "advice.no_host",
    "failed to resolve host": "advice.no_host",
    "Connection refused": "advice.no_server",
    "No such file or directory": "advice.no_server",
    "timeout expired": "advice.timeout",
    "psycopg": "advice.driver",
    "Could not parse": "advice.no_url",
    "Can't load plugin": "advice.no_kind",
}


class BookError(BmkitError):
    """The grade book cannot be used; the message says why and what to do."""


class RowError(BookError):
    """One row cannot be written, such as a name that is too long; others can."""


def engine(url: str) -> Engine:
    """SQLAlchemy's engine for a grade book."""
    from sqlalchemy import create_engine, event
    from sqlalchemy.engine import make_url

    place = make_url(url)
    if place.drivername in ("postgres", "postgresql"):
        place = place.set(drivername="postgresql+psycopg")
    if place.get_backend_name() == "postgresql":
        return create_engine(place, connect_args={"connect_timeout": 10})
    if place.get_backend_name() != "sqlite":
        raise BookError(say("book.kind", place=place))
    made = create_engine(place, connect_args={"timeout": WAIT})

    # Python's driver begins a transaction only at the first row written, too late for
    # tables; so it begins none, and we do. One that will write takes the lock at once.
    @event.listens_for(made, "connect")
    def connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None

    @event.listens_for(made, "begin")
    def begun(link: Connection) -> None:
        reads = link.get_execution_options().get("bmkit_reads")
        link.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return made


def make_tables(made: Engine) -> Table:
    """Make what is missing of nbgrader's tables, its version mark and our table."""
    import alembic.config
    import alembic.migration
    import alembic.script
    from nbgrader import api, dbutil
    from sqlalchemy import Column, MetaData, String, Table, Text, inspect

    config = alembic.config.Config()
    config.set_main_option("script_location", dbutil.ALEMBIC_DIR.replace("%", "%%"))
    script = alembic.script.ScriptDirectory.from_config(config)
    verdict = Table(
        "bmkit_verdict",
        MetaData(),
        Column("student", String(128), primary_key=True),
        Column("slug", String(128), primary_key=True),
        Column("key", String(64), nullable=False),
        Column("verdict", Text, nullable=False),
    )
    with made.begin() as link:
        if made.dialect.name == "postgresql":
            # Two that start at once would both make the tables.
            link.exec_driver_sql("SELECT pg_advisory_xact_lock(20260101)")
        marked = alembic.migration.MigrationContext.configure(link)
        fresh = not inspect(link).has_table("assignment")
        version = marked.get_current_revision()
        if not fresh and version != script.get_current_head():
            raise BookError(say("book.version", place=made.url))
        api.Base.metadata.create_all(link)
        verdict.create(link, checkfirst=True)
        if fresh:
            marked.stamp(script, "head")
    return verdict


@contextlib.contextmanager
def told(url: str) -> Iterator[None]:
    """A database's errors as one line on what to do, without the password."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import DataError, SQLAlchemyError

    try:
        yield
    except (SQLAlchemyError, ImportError) as error:
        text = str(getattr(error, "orig", None) or error)
        known = (say(advice) for said, advice in ADVICE.items() if said in text)
        lines = text.strip().splitlines() or [type(error).__name__]
        try:
            place = str(make_url(url))
        except SQLAlchemyError:
            place = say("book.this")
        why = next(known, lines[0])
        kind = RowError if isinstance(error, DataError) else BookError
        raise kind(say("main.refused", path=place, why=why)) from None
