"""The recipe of the shipped writer: every file it names is there unchanged, and the shell knows every option."""

import hashlib
import json
import re
import shlex
from typing import Any

from app.cli_training import arguments
from app.desks.rewards import changed_words
from relate_engine.config import ASSETS, ROOT, WRITER
from relate_engine.training.corpus import corpus_hash
from relate_engine.training.recipe import judged_files, outdated, steps

SHIPPED = json.loads((WRITER / "manifest.json").read_text("utf-8"))


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
    # what the comment there says: the corpus is no longer that of the first two steps
    assert outdated(SHIPPED, corpus_hash(ASSETS / "corpus")) == [1, 2]


def test_only_steps_taught_by_another_corpus_are_outdated() -> None:
    first = {"command": "relate train sft", "data_sha256": "old"}
    then = {"command": "relate train sft --from PARENT", "data_sha256": "new", "parent": first}
    last = {"command": "relate train preferences --judged a.jsonl --from PARENT", "data_sha256": "a", "parent": then}
    assert outdated(last, "new") == [1] and outdated(last, "newer") == [1, 2] and outdated(first, "old") == []
    assert changed_words([1]).endswith("the one that taught step 1, so it does not give the same bits today.")
    assert changed_words([1, 2]).endswith("taught steps 1, 2, so they do not give the same bits today.")


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
    many = {"command": "relate train sft", "plan": {"learning_rate": 0.0005, "seed": 1234567}}
    assert steps(many, "w") == ["relate train sft --rate 0.0005 --seed 1234567 --out w/1"]
    assert steps({"command": "relate train", "plan": {}}) == steps({"command": "relate train sft", "plan": None}) == []
    assert steps({"command": "relate round", "plan": {}}) == steps({}) == []
    assert steps({"command": "relate train sft"}) == []  # a manifest without its plan
