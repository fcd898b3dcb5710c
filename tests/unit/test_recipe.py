"""The recipe of the shipped writer: every file it names is there unchanged, and the shell knows every option."""

import hashlib
import json
import re
import shlex
from typing import Any

from app.cli_training import arguments
from relate_engine.config import ASSETS, ROOT
from relate_engine.training.corpus import corpus_hash
from relate_engine.training.recipe import judged_files, steps

SHIPPED = json.loads((ASSETS / "adapters" / "writer" / "manifest.json").read_text("utf-8"))


def chain() -> list[dict[str, Any]]:
    """The manifests, first training first."""
    found = [SHIPPED]
    while "parent" in found[0]:
        found.insert(0, found[0]["parent"])
    return found


def parsed(command: str) -> Any:
    import argparse

    parser = argparse.ArgumentParser(prog="relate")
    commands = parser.add_subparsers()

    def command_of(name: str, run: Any, told: str) -> argparse.ArgumentParser:
        return commands.add_parser(name)

    arguments(command_of)
    words = shlex.split(command)
    assert words[0] == "relate"
    return parser.parse_args(words[1:])


def test_every_file_is_there_unchanged_and_every_option_parses() -> None:
    before = None
    for command, made in zip(steps(SHIPPED), chain(), strict=True):
        args, plan = parsed(command), made["plan"]
        assert (args.rate, args.seed, args.parent) == (plan["learning_rate"], plan["seed"], before)
        if args.what == "sft":
            assert (args.epochs, args.texts) == (plan["epochs"], plan.get("texts_a_brief"))
        else:
            (file,) = args.judged
            assert hashlib.sha256((ROOT / file).read_bytes()).hexdigest() == made["data_sha256"]
        before = args.out
    assert before == "build/writer/5"


def test_make_writer_runs_these_steps() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    target = makefile[makefile.index("\nwriter:") :].split("\n\n")[0]
    run = re.findall(r"\|\| \$\(BIN\)/(relate .*)", target)
    assert run == steps(SHIPPED)
    # what the comment there and the Rewards desk say: the corpus is no longer that of the first two steps
    assert corpus_hash(ASSETS / "corpus") not in {made["data_sha256"] for made in chain()[:2]}


def test_a_recipe_by_hand() -> None:
    first = {"command": "relate train sft", "plan": {"epochs": 2, "learning_rate": 0.0005, "seed": 3}}
    plan = {"epochs": 1, "learning_rate": 0.0002, "seed": 0}
    then = {"command": "relate train preferences --judged a.jsonl b.jsonl --from PARENT", "plan": plan, "parent": first}
    assert judged_files(then["command"]) == ["a.jsonl", "b.jsonl"]
    assert steps(then, "w") == [
        "relate train sft --epochs 2 --rate 0.0005 --seed 3 --out w/1",
        "relate train preferences --judged assets/judged/a.jsonl assets/judged/b.jsonl --rate 0.0002 --seed 0 "
        "--from w/1 --out w/2",
    ]
    assert steps({"command": "relate round", "plan": {}}) == steps({}) == []
    assert steps({"command": "relate train sft"}) == []  # a manifest without its plan
