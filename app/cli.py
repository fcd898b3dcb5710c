"""The `relate` command: the studio from the shell. Stable, because scripts rely on it.

Reads settings once, calls services, prints. Exit codes: 0 fine, 1 blocked (`check`) or something wrong
(`doctor`), 2 bad input or a missing part, with one sentence on standard error.
"""

import argparse
import csv
import json
import sys
import time
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from app import cli_audit, cli_backup, cli_demo, cli_import, cli_people, cli_round, cli_system, cli_training
from app.services.process import quiet
from relate_engine.brief import PLACEMENTS, Brief, BriefError, country_codes, parse_brief, placement_of
from relate_engine.config import Settings, settings

MAX_TEXTS = 20_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit code."""
    args = _parser().parse_args(arguments)
    try:
        config = _settings()
        quiet(config)
        code: int = args.run(args, config)
    except (ValueError, FileNotFoundError) as error:  # BriefError is a ValueError
        print(f"relate: {error}", file=sys.stderr)
        return 2
    except (MemoryError, RuntimeError) as error:
        if (said := _sentence(error)) is None:
            raise
        print(f"relate: {said}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return code


def _settings() -> Settings:
    try:
        return settings()
    except ValidationError as error:
        first = error.errors()[0]
        name, given = "RELATE_" + str(first["loc"][0]).upper(), first.get("input")
        raise BriefError(f"{name} is '{given}', which cannot be used ({first['msg']}); mend or unset it.") from None


def _sentence(error: MemoryError | RuntimeError) -> str | None:
    """What a person can do about an error of the database, the weights or the memory; None for any other."""
    from db.session import StorageError
    from relate_engine.policy.weights import WeightsError

    if isinstance(error, (StorageError, WeightsError)):
        return str(error)
    said = str(error).lower()
    if isinstance(error, MemoryError) or any(
        s in said for s in ("not enough memory", "can't allocate memory", "out of memory")
    ):
        return "not enough memory; close other programs (about 1.5 GB is needed)."
    return None


def entry() -> None:
    sys.exit(main())


def _read(path: str) -> str:
    try:
        return sys.stdin.read() if path == "-" else Path(path).read_text("utf-8-sig")
    except FileNotFoundError:
        raise BriefError(f"There is no file {path}; give a path, or - for standard input.") from None
    except UnicodeDecodeError:
        raise BriefError(f"{path} is not UTF-8 text; save it as UTF-8.") from None
    except IsADirectoryError:
        raise BriefError(f"{path} is a folder; give the path of a file in it.") from None
    except OSError as error:
        raise BriefError(f"{path} cannot be read ({error.strerror}); check the path and its permissions.") from None


def _brief(path: str, **overrides: Any) -> Brief:
    try:
        data = json.loads(_read(path))
    except json.JSONDecodeError as error:
        raise BriefError(f"{path} is not JSON (line {error.lineno}: {error.msg}); mend it there.") from None
    given = {k: v for k, v in overrides.items() if v}
    return parse_brief(data | given if isinstance(data, dict) else data)


def _countries(text: str | None) -> list[str]:
    return list(country_codes([c.strip() for c in (text or "").split(",") if c.strip()]))


def _say_packs(countries: Sequence[str]) -> None:
    """Names on standard error the countries whose own law no rule pack holds."""
    from relate_engine.rewards.rules import uncovered

    if without := uncovered(countries):
        print(f"relate: no rule pack for {', '.join(without).upper()}: only the general rules ran.", file=sys.stderr)


def _draft(args: argparse.Namespace, config: Settings) -> int:
    from app.services import versions
    from app.services.judging import judging_here
    from app.services.writing import Room

    brief = _brief(args.brief, placement=args.placement)
    placement = placement_of(brief.placement)
    if args.n is not None and not 1 <= args.n <= 50:
        raise BriefError(f"-n is {args.n}; ask for 1 to 50 texts a slot.")
    slots = [placement.slot(args.slot)] if args.slot else list(placement.slots)
    counts = {s.name: min(args.n, s.full_ad) if s.name == "path" and args.n else args.n or s.full_ad for s in slots}
    started = time.perf_counter()
    room = Room(config)
    policy = room.policy(versions.active_here(config))
    rewards = room.rewards_with(judging_here(config))
    load_s = time.perf_counter() - started
    if policy.state.problem:
        print(f"relate: {policy.state.problem}", file=sys.stderr)
    if args.raw:
        from relate_engine.draft import raw_draft

        result = raw_draft(policy, rewards, brief, counts, args.seed)
    else:
        from relate_engine.draft import Drafted, draft

        events = draft(policy, rewards, brief, counts, args.seed,
                       oversample=config.oversample, temperature=config.temperature)  # fmt: skip
        result = next(e.draft for e in events if isinstance(e, Drafted))
    _say_packs(brief.countries)
    for slot, missing in result.short.items():
        print(f"relate: {slot}: {missing} fewer than asked passed every check; widen the brief.", file=sys.stderr)
    if args.json:
        cards = [c.to_json() for c in result.candidates]
        print(json.dumps({"candidates": cards, "timing": {"load_s": load_s} | result.timing}, ensure_ascii=False))
    else:
        for card in result.candidates:
            print(f"{card.slot:12} {card.width:>3}/{card.visible:<4} {card.compliance.level:8} {card.text}")
    return 0


def _score(args: argparse.Namespace, config: Settings) -> int:
    from app.services.judging import judging_here
    from app.services.writing import Room
    from relate_engine.score import Scope
    from relate_engine.scorecard import AdText

    if args.file == args.brief == "-":
        raise BriefError("Texts and brief cannot both come from standard input; give one of them as a file.")
    table = csv.DictReader(StringIO(_read(args.file)))
    try:
        rows = list(table)
    except csv.Error as error:
        raise BriefError(f"{args.file} is no CSV (line {table.line_num}: {error}); mend it there.") from None
    if not rows:
        raise BriefError(f"{args.file} holds no rows; it needs a header line and one text a line.")
    if len(rows) > MAX_TEXTS:
        raise BriefError(f"{args.file} holds {len(rows):,} rows; score at most {MAX_TEXTS:,} at once, so split it.")
    columns = [c for c in rows[0] if c]
    if args.text_column not in columns:
        raise BriefError(f"{args.file} has no column '{args.text_column}'; its columns are {', '.join(columns)}.")
    countries = _countries(args.countries)
    brief = _brief(args.brief, placement=args.placement, countries=countries) if args.brief else None
    placement = placement_of(brief.placement if brief else args.placement or "google_rsa")
    slot = placement.slot(args.slot) if args.slot else placement.slots[0]
    texts = [AdText(row[args.text_column] or "", slot.name, None, "person:shell") for row in rows]
    room = Room(config)
    scope = brief or Scope(placement.name, tuple(countries) or ("us",))
    cards = room.score(scope, texts, mates=False, limits=bool(args.slot), judging=judging_here(config))
    _say_packs(scope.countries)
    if args.json:
        print(json.dumps({"rows": [c.to_json() for c in cards]}, ensure_ascii=False))
    else:
        for card in cards:
            print(f"{card.compliance.level:8} {card.beats_typical:.2f} {card.ctr_effect:+.2f} {card.text}")
    return 0


def _explain(args: argparse.Namespace, config: Settings) -> int:
    from app.services.judging import judging_here
    from app.services.writing import Room
    from relate_engine.scorecard import AdText

    brief = _brief(args.brief, placement=args.placement)
    placement = placement_of(brief.placement)
    slot = placement.slot(args.slot) if args.slot else placement.slots[0]
    if not args.text.strip():
        raise BriefError("The text is empty; give the text to explain.")
    from relate_engine.explain import explain, risk_words

    rewards = Room(config).rewards_with(judging_here(config))
    found = explain(rewards, brief, AdText(args.text, slot.name, None, "person:shell"), args.other)
    if args.json:
        print(json.dumps(found.to_json(), ensure_ascii=False))
        return 0
    for word in found.words:
        print(f"{word.effect:+.3f} “{word.words}”")
    for better in found.alternatives:
        print(f"{better.better}: {better.card.text} ({better.how})")
        print(f"  effect {better.score:+.3f} for {found.score:+.3f}, "
              f"{risk_words(better.card)} for {risk_words(found.card)}")  # fmt: skip
    for f in found.card.findings:
        print(f"{f.severity:5} {f.rule_id} {f.message} (source: {f.source or 'none'})")
    print(found.scores)
    print(found.note)
    return 0


def _check(args: argparse.Namespace, config: Settings) -> int:
    from app.services.checking import check
    from app.services.judging import judging_here

    countries = _countries(args.countries) or ["us"]
    cache = None if args.rules_only else config.cache
    here = judging_here(config)
    own = here.rules, here.blocking, here.calls
    checked = check(args.text, args.placement or "google_rsa", args.slot, countries, cache, *own)
    findings, compliance = checked.findings, checked.compliance
    _say_packs(countries)
    if args.json:
        from dataclasses import asdict

        found = {"findings": [asdict(f) for f in findings], "compliance": asdict(compliance)}
        print(json.dumps(found | {"classifier": checked.classifier}))
    else:
        for f in findings:
            span = f"[{f.start}:{f.end}] “{args.text[f.start : f.end]}” " if f.start is not None else ""
            print(f"{f.severity:5} {f.rule_id} {span}{f.message} {f.fix}")
        where = f"{args.placement or 'google_rsa'}, {', '.join(countries).upper()}"
        print(
            f"{compliance.level}: "
            + (f"no issue found by {compliance.rules} rules for {where}; " if compliance.level == "clear" else "")
            + f"classifier {checked.classifier}; not checked: facts (no brief), image, landing page, trademarks"
        )
    return 1 if compliance.level == "blocked" else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="relate", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name: str, run: Any, help: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help, description=help)
        sub.set_defaults(run=run)
        return sub

    def scope(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("--placement", choices=list(PLACEMENTS))
        sub.add_argument("--slot")
        sub.add_argument("--json", action="store_true", help="machine-readable")

    sub = command("draft", _draft, "write and score texts for a brief")
    sub.add_argument("--brief", required=True, metavar="FILE.json|-")
    sub.add_argument("-n", type=int, help="texts a slot (default: what a whole ad holds)")
    sub.add_argument("--seed", type=int, default=0)
    sub.add_argument("--raw", action="store_true", help="no guards, drops or best-of-N")
    scope(sub)
    sub = command("score", _score, "scorecards for the texts of a CSV")
    sub.add_argument("file", metavar="FILE.csv|-")
    sub.add_argument("--text-column", required=True)
    sub.add_argument("--brief", metavar="FILE.json|-")
    sub.add_argument("--countries", help="such as us,uk")
    scope(sub)
    sub = command("explain", _explain, "which words move the clicks of a text, and what would be safer or stronger")
    sub.add_argument("text")
    sub.add_argument("--brief", required=True, metavar="FILE.json|-")
    sub.add_argument("--other", action="append", default=[], metavar="TEXT", help="another draft; repeatable")
    scope(sub)
    sub = command("check", _check, "run rules and classifier on one text; exit code 1 when blocked")
    sub.add_argument("text")
    sub.add_argument("--rules-only", action="store_true", help="at once, without the classifier")
    sub.add_argument("--countries", help="such as us,uk")
    scope(sub)
    sub = command("import", cli_import.run, "bring in campaign results; prints rows read, kept, rejected with reasons")
    cli_import.arguments(sub)
    cli_audit.arguments(command)
    cli_backup.arguments(command)
    cli_demo.arguments(command)
    cli_system.arguments(command)
    cli_training.arguments(command)
    cli_round.arguments(command)
    cli_people.arguments(command)
    return parser


if __name__ == "__main__":
    entry()
