"""`relate train` and `relate evaluate`: artefacts and reports from the shell, each printed as JSON."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

from relate_engine.config import ASSETS, ROOT, WRITER, Settings


def arguments(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Adds the commands; `command` makes one."""
    sub = command("train", _train, "train the writer, a head, or the reward model of imported results")
    sub.add_argument("what", choices=["sft", "preferences", "ctr", "acceptance", "compliance", "rewards", "evaluator"])
    sub.add_argument(
        "--data", default="data", help="ctr, compliance: the folder that holds upworthy/, ec_darkpattern/…"
    )
    sub.add_argument("--out", help="where to write (default: its place in assets/)")
    sub.add_argument("--from", dest="parent", metavar="DIR", help="sft, preferences: the adapter to train on from")
    sub.add_argument(
        "--judged",
        metavar="FILE.jsonl",
        nargs="+",
        help="preferences: drafts that an editor judged, or that were refused",
    )
    sub.add_argument("--rate", type=float, help="sft, preferences: learning rate")
    sub.add_argument("--texts", type=int, help="sft: texts of a brief that each pass learns from (default: all)")
    sub.add_argument("--epochs", type=int, help="sft: passes over the corpus")
    sub.add_argument("--seed", type=int, default=0)
    sub.add_argument("--resume", action="store_true", help="sft, preferences: go on from the last checkpoint")
    sub.add_argument("--undo", action="store_true", help="rewards: put the version before the one in use back")
    sub.add_argument("--use", metavar="VERSION", help="rewards: put a version that was made before in use")
    sub = command("evaluate", _evaluate, "print a report; sheet writes texts for a blind reader, verdicts counts them")
    reports = [
        "drafts",
        "ctr",
        "compliance",
        "served",
        "ranking",
        "sheet",
        "verdicts",
        "correctness",
        "judged",
        "rewards",
        "ladder",
        "advertiser",
    ]
    sub.add_argument("what", choices=reports)
    sub.add_argument("--data", default="data", help="ctr: the folder that holds upworthy/")
    sub.add_argument("--out", metavar="FILE.jsonl", help="drafts: where unchosen drafts go, for an editor to judge")
    sub.add_argument("--seed", type=int, default=0, help="drafts, advertiser")
    sub.add_argument("--verdicts", type=int, default=200, help="advertiser: texts that it judges")
    sub.add_argument("--refused", action="store_true", help="drafts: those that serving drops, as failed texts")
    sub.add_argument("--arms", default="sft,m4,relate,ctr,m1,m2,m3", help="ladder: which arms, in this order")
    sub.add_argument("--served", action="store_true", help="ladder: judge what the studio would show of each writer")
    sub.add_argument("--runs", type=_seeds, default=[0, 1, 2], metavar="N,N", help="ladder: seeds of each arm")
    sub.add_argument("--pairs", type=Path, metavar="FILE.jsonl", help="correctness: other pairs of brief and text")
    sub.add_argument(
        "--simulator", type=Path, metavar="FILE.py", help="rewards, ladder: another truth with the same functions"
    )
    sub.add_argument("--seeds", type=int, help="rewards: fewer runs, for a quick look (the report is not kept)")


def _seeds(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' holds no whole numbers with commas between, like 0,1,2") from None


def _train(args: argparse.Namespace, config: Settings) -> int:
    from app.services import training

    out = Path(args.out) if args.out else None
    if args.what == "sft":
        given = {"epochs": args.epochs, "texts_a_brief": args.texts, "learning_rate": args.rate, "seed": args.seed}
        choices = {name: value for name, value in given.items() if value is not None}
        manifest = training.sft(config, out, choices, args.resume, Path(args.parent) if args.parent else None)
    elif args.what == "ctr":
        manifest = training.ctr(config, Path(args.data), out, args.seed)
    elif args.what == "compliance":
        from app.services.training_compliance import compliance

        manifest = compliance(config, Path(args.data), out, args.seed)
    elif args.what == "rewards":
        manifest = training.rewards(config, args.undo, args.use)
    elif args.what == "evaluator":
        manifest = training.evaluator(config, Path(args.data), out)
    elif args.what == "preferences":
        parent = Path(args.parent) if args.parent else WRITER
        judged = [Path(f) for f in args.judged] if args.judged else [ASSETS / "judged" / "sft.jsonl"]
        manifest = training.preferences(config, parent, judged, out, args.rate, args.seed, args.resume)
    else:
        manifest = training.acceptance()
    print(json.dumps(manifest, indent=2))
    return 0


def _evaluate(args: argparse.Namespace, config: Settings) -> int:
    from app.services import training

    if args.what == "compliance":
        from app.services.training_compliance import evaluate_compliance

        print(json.dumps(evaluate_compliance(config), indent=2))
        return 0
    if args.what == "drafts":
        print(
            json.dumps(
                training.sample_drafts(config, Path(args.out or "drafts.jsonl"), args.seed, args.refused), indent=2
            )
        )
        return 0
    if args.what == "judged":
        from relate_engine.judging import judged_report

        print(json.dumps(judged_report(ASSETS / "judged", training.UNLEARNED, training.judged_briefs()), indent=2))
        return 0
    if args.what == "correctness":
        from relate_engine.training.corpus import read_corpus
        from relate_engine.training.factcheck import factcheck_report

        pairs = args.pairs or ROOT / "tests" / "data" / "correctness_heldout.jsonl"
        briefs = {e.id: e.brief for e in read_corpus(ASSETS / "corpus")}
        report = factcheck_report(pairs, briefs, ASSETS / "reports" / "validation_runs.jsonl")
        print(json.dumps(report, indent=2))
        return 0
    if args.what == "rewards":
        print(json.dumps(training.evaluate_rewards(config, args.simulator, args.seeds), indent=2))
        return 0
    if args.what == "ladder":
        from app.services.ladder import ladder

        found = ladder(config, args.simulator, args.arms.split(","), args.runs, args.served)
        print(json.dumps(found, indent=2))
        return 0
    if args.what == "advertiser":
        from app.services.advertiser import advertiser

        print(json.dumps(advertiser(config, args.verdicts, args.seed), indent=2))
        return 0
    report = (
        training.evaluate_ctr(config, Path(args.data)) if args.what == "ctr" else training.evaluate(config, args.what)
    )
    print(json.dumps(report, indent=2))
    return 0
