"""`relate audit`: the audit log from the shell. Lists it, writes it to a file, and checks its chain.

The shell of the machine sees every workspace; `--workspace` names one. Exit codes of `verify`: 0 the chain holds, 1 it
does not or an expected hash is no longer in it, 2 bad input.
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from relate_engine.brief import BriefError
from relate_engine.config import Settings

if TYPE_CHECKING:
    from app.services.audit_log import Filter
    from app.services.people import Actor
    from db.session import Database


def arguments(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Adds the command; `command` makes one."""
    sub = command("audit", run, "the audit log: list it, export it, verify its chain of hashes")
    sub.add_argument("what", choices=["list", "export", "verify"])
    sub.add_argument("file", nargs="?", metavar="FILE.jsonl|.csv", help="of an export; its ending says the format")
    sub.add_argument("--workspace", metavar="NAME", help="default: verify all, list and export the only or own one")
    sub.add_argument("--expect", metavar="HASH", default="", help="a last hash kept elsewhere: must be in the chain")
    sub.add_argument("--person", metavar="NAME")
    sub.add_argument("--action", metavar="OBJECT.VERB", help="such as text.approve")
    sub.add_argument("--object", metavar="KIND[:ID]", help="such as text:12")
    sub.add_argument("--days", type=int, help="not older than so many days")
    sub.add_argument("-n", type=int, default=20, help="rows of a list (default 20)")
    sub.add_argument("--json", action="store_true", help="machine-readable")


def run(args: argparse.Namespace, config: Settings) -> int:
    """Lists, exports or verifies; see the module for exit codes."""
    from app.services import audit_shell
    from db.session import open_database

    db = open_database(config.database)
    if args.what == "verify":
        return _verify(db, [args.workspace] if args.workspace else audit_shell.workspaces(db), args)
    actor = audit_shell.actor_for(db, args.workspace)
    wanted = audit_shell.filter_of(db, actor, args.person, args.action, args.object, args.days)
    return _export(db, actor, wanted, args) if args.what == "export" else _list(db, actor, wanted, args)


def _list(db: "Database", actor: "Actor", wanted: "Filter", args: argparse.Namespace) -> int:
    from app.services import audit_log

    if args.n < 1:
        raise BriefError(f"-n is {args.n}; give 1 or more.")
    page = audit_log.page(db, actor, wanted, limit=args.n)
    for event in page.events:
        if args.json:
            print(json.dumps(asdict(event) | {"at": event.at.isoformat(), "words": event.words}, ensure_ascii=False))
        else:
            print(f"{event.id:>8}  {event.at:%Y-%m-%d %H:%M:%S} UTC  {event.words}")
    if not page.events and not args.json:
        print("No event passes.")
    return 0


def _verify(db: "Database", names: list[str], args: argparse.Namespace) -> int:
    from app.services import audit, audit_shell

    found = {name: audit.verify(db, audit_shell.actor_for(db, name), args.expect) for name in names}
    if any(one.expected for one in found.values()):  # the hash belongs to one workspace, the others cannot hold it
        found = {n: replace(v, expected=None) if v.expected is False else v for n, v in found.items()}
    for name, one in found.items():
        if args.json:
            print(json.dumps({"workspace": name, "holds": one.holds, **asdict(one)}, ensure_ascii=False))
        else:
            print(f"{name}: {one.words}")
    if not found:
        print("There is no workspace yet, so there is nothing to verify.")
    return 0 if all(one.holds for one in found.values()) else 1


def _export(db: "Database", actor: "Actor", wanted: "Filter", args: argparse.Namespace) -> int:
    from app.services.audit_export import export

    if not args.file:
        raise BriefError("Name the file to write: FILE.jsonl or FILE.csv.")
    path = Path(args.file)
    if path.suffix not in (".jsonl", ".csv"):
        raise BriefError(f"{path.name} ends in neither .jsonl nor .csv; the ending says the format.")
    try:
        with path.open("wb") as out:
            made = export(db, actor, out, "csv" if path.suffix == ".csv" else "jsonl", wanted)
    except OSError as error:
        raise BriefError(f"{path} cannot be written ({error.strerror}); give another place.") from None
    print(f"{made.events:,} events written to {path}; the last hash of the log, to keep elsewhere:", file=sys.stderr)
    print(made.last_hash)
    return 0
