"""`relate backup FILE` and `relate restore FILE`: the database and trained versions, out and in.

What a backup holds and what not: app/services/backup.py.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

from relate_engine.config import Settings


def arguments(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Adds the commands; `command` makes one."""
    sub = command("backup", _backup, "write the database and all trained versions to one file, while the studio runs")
    sub.add_argument("file", metavar="FILE.tar.gz")
    sub = command("restore", _restore, "put a backup in the place of today's database; what it replaces is kept")
    sub.add_argument("file", metavar="FILE.tar.gz")
    sub.add_argument("--force", action="store_true", help="also while the studio runs; restart it afterwards")


def _backup(args: argparse.Namespace, config: Settings) -> int:
    from app.services import backup

    made = backup.make(config, Path(args.file))
    beside = f", with {' and '.join(made.folders)}" if made.folders else ""
    file, size = backup.readable(str(made.file)), made.file.stat().st_size / 1e6
    print(f"{file}: the {made.kind} database{beside}, {size:,.1f} MB, checked.")
    print("Not in it: base weights (relate setup fetches them), settings and secrets of your environment.")
    return 0


def _restore(args: argparse.Namespace, config: Settings) -> int:
    from app.services import backup

    done = backup.restore(config, Path(args.file), args.force)
    print(f"Restored the state of {done.backup.made_at:%-d %B %Y, %H:%M} UTC.")
    for path in done.kept:
        print(f"Kept what was there before: {backup.readable(str(path))}")
    print("`relate audit verify --expect HASH` says what the log lost, if you kept a later hash.")
    return 0
