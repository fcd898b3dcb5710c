"""The commands that made an adapter, first to last, read from its manifest and written with the repository's paths.

A manifest holds its parent's, back to the first training, and each the command as it was run: a judged file by its name
alone, PARENT for the adapter it went on from, and not every choice that was the default then. Here each command is
whole: choices come from the plan in the manifest, files from assets/judged, and PARENT is where the step before wrote.
`make writer` runs these commands for the shipped writer. Imports no torch, so a page may ask.
"""

import shlex
from collections.abc import Mapping
from typing import Any

JUDGED = "assets/judged"
INTO = "build/writer"  # a step writes into a folder of it, numbered from 1
CHOICES = (("epochs", "--epochs"), ("texts_a_brief", "--texts"), ("learning_rate", "--rate"), ("seed", "--seed"))


def steps(manifest: Mapping[str, Any], into: str = INTO) -> list[str]:
    """The commands; [] where the chain holds one that is not of `relate train sft` or `preferences`, or is broken."""
    try:
        return [_step(made, number, into) for number, made in enumerate(_chain(manifest), 1)]
    except (LookupError, TypeError, ValueError, AttributeError):
        return []


def outdated(manifest: Mapping[str, Any], corpus: str) -> list[int]:
    """The steps, from 1, that were taught by another corpus than the one of this hash: they give other bits today."""
    chain = _chain(manifest)
    learned = [n for n, made in enumerate(chain, 1) if str(made.get("command", "")).startswith("relate train sft")]
    return [n for n in learned if chain[n - 1].get("data_sha256") != corpus]


def _chain(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The manifests, first training first."""
    chain = [manifest]
    while "parent" in chain[0]:
        chain.insert(0, chain[0]["parent"])
    return chain


def judged_files(command: str) -> list[str]:
    """The files that a command's --judged names."""
    words = shlex.split(command)
    if "--judged" not in words:
        return []
    after = words[words.index("--judged") + 1 :]
    end = next((k for k, word in enumerate(after) if word.startswith("--")), len(after))
    return after[:end]


def _step(made: Mapping[str, Any], number: int, into: str) -> str:
    words = shlex.split(made["command"])
    if words[:2] != ["relate", "train"] or words[2] not in ("sft", "preferences"):
        raise ValueError(made["command"])
    what, plan = words[2], made["plan"]
    said = ["relate", "train", what]
    if what == "preferences":
        said += ["--judged", *(f"{JUDGED}/{name}" for name in judged_files(made["command"]))]
    options = [(o, plan.get(k)) for k, o in CHOICES if what == "sft" or o in ("--rate", "--seed")]
    said += [part for option, value in options if value is not None for part in (option, _written(value))]
    said += ["--from", f"{into}/{number - 1}"] if "parent" in made else []
    return shlex.join([*said, "--out", f"{into}/{number}"])


def _written(value: float) -> str:
    """As the command takes it: whole numbers with every digit."""
    return str(value) if isinstance(value, int) else f"{value:g}"
