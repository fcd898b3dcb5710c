"""Where the program writes: the home folder and its database, made and migrated before anything opens it."""

from db.session import Database, StorageError, open_database
from relate_engine.config import Settings


def open_home(config: Settings) -> Database:
    """The database of these settings, its folder made and its tables migrated. Raises StorageError."""
    from db.migrations import migrate

    if not config.database_url:
        try:
            config.home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(
                f"{config.home} cannot be made ({error.strerror}); set RELATE_HOME to a folder you may write to."
            ) from error
    migrate(config.database)
    return open_database(config.database)
