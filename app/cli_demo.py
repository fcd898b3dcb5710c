"""`relate demo`: a studio with examples and simulated results, apart from your own; `--remove` deletes it."""

import argparse
import os
from collections.abc import Callable

from relate_engine.config import Settings, settings


def arguments(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Adds the command; `command` makes one."""
    sub = command("demo", run, "open a studio with examples and simulated results, apart from your own data")
    sub.add_argument("--remove", action="store_true", help="delete the demo; nothing of it stays")
    sub.add_argument("--no-open", action="store_true", help="only make it")
    sub.add_argument("--record-round", action="store_true", help="run its small round anew (minutes)")
    sub.add_argument("--port", type=int)


def run(args: argparse.Namespace, config: Settings) -> int:
    """Makes the demo where it is not there yet, and opens it; or removes it."""
    from app.services import demo

    if args.remove:
        print("The demo is removed." if demo.remove(config) else "There is no demo to remove.")
        return 0
    if args.record_round:
        from app.services import demo_record

        print(f"The round is kept in {demo_record.record(config, demo.tell)}.")
        return 0
    home = demo.make(config, demo.tell)
    print(f"The demo is in {home}; your own data are not touched. `relate demo --remove` deletes it.")
    if args.no_open:
        return 0
    from app.cli_system import open_studio

    # the studio and its worker are processes of their own: they read the demo's place from the environment
    os.environ["RELATE_HOME"] = str(home)
    os.environ.pop("RELATE_DATABASE_URL", None)
    settings.cache_clear()
    return open_studio(argparse.Namespace(port=args.port, address=None), settings())
