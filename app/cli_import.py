"""`relate import`: campaign results from the shell. Reads a file, prints what became of it, or takes an import back."""

import argparse
import json
from pathlib import Path

from relate_engine.brief import PLACEMENTS, BriefError
from relate_engine.config import Settings


def arguments(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("file", nargs="?", metavar="FILE.csv|.xlsx")
    sub.add_argument("--format", choices=["google", "meta", "generic"], help="default: detected")
    sub.add_argument("--placement", choices=list(PLACEMENTS), help="what the ads of another file are")
    sub.add_argument(
        "--map", action="append", metavar="FIELD=COLUMN", help="another file's column, such as clicks=Hits"
    )
    sub.add_argument("--dates", choices=["dmy", "mdy"], help="day or month first, where the file leaves it open")
    sub.add_argument("--decimal", choices=[".", ","], help="decimal sign, where the file leaves it open")
    sub.add_argument(
        "--period", metavar="FIRST..LAST", help="days of a file whose rows name none: 2026-10-01..2026-10-31"
    )
    sub.add_argument("--rejected", metavar="OUT.csv", help="write the rows that could not be used")
    sub.add_argument("--undo", type=int, metavar="IMPORT", help="take an import back")
    sub.add_argument("--json", action="store_true", help="machine-readable")


def run(args: argparse.Namespace, config: Settings) -> int:
    """Imports a file, or undoes an import; exit code 2 when no row could be kept."""
    from app.services import import_report, importing
    from app.services.people import NotFound, local_actor
    from db.session import open_database
    from relate_engine.results.reading import options_from

    db = open_database(config.database)
    actor = local_actor(db)
    if args.undo is not None:
        if args.file:
            raise BriefError("Give a file to import or an import to --undo, not both.")
        try:
            importing.undo_import(db, actor, args.undo)
        except NotFound as error:
            raise BriefError(str(error)) from None
        print(f"Import {args.undo} is undone.")
        return 0
    if not args.file:
        raise BriefError("Name the file to import, or the import to --undo.")
    options = options_from(args.format, args.placement, args.map, args.dates, args.decimal, args.period)
    report = importing.import_file(db, actor, args.file, Path(args.file), options)
    if args.json:
        print(json.dumps(report.to_json(), ensure_ascii=False))
    else:
        print("\n".join([import_report.headline(report), *import_report.details(report)]))
        for row in report.told[:20]:
            print(f"  line {row.line}: {row.reason}")
        if report.rejected > 20:
            print(f"  … and {report.rejected - 20:,} more; --rejected FILE.csv writes all of them")
    if args.rejected:  # last: the import is done and told, whatever becomes of this file
        try:
            Path(args.rejected).write_bytes(importing.rejected_csv(db, actor, report.import_id))
        except OSError as error:
            raise BriefError(
                f"The rejected rows could not be written to {args.rejected} ({error.strerror}); the import is done, so "
                "give another place and run the command again."
            ) from None
    return 0 if report.kept else 2
