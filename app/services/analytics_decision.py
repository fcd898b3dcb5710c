"""May this writer go live? The gate's answer in one of three words, with what it stands on.

    promote            every bound holds, and it is shown to sell better or people prefer it
    don't              a bound is broken, it sells worse, or people who had enough to choose from do not prefer it
    not enough data    every bound holds, and nothing tells yet who sells better, or better than the writer in use
Nothing is decided here that relate_engine/gate.py does not say: its reasons are only sorted and put into words.
Leaves out acting on it (rounds.promote, versions.rollback, trials.py).
"""

from dataclasses import dataclass
from typing import Any, Literal

from app.services import rounds, trials
from app.services.analytics_rounds import alarms_of
from app.services.people import Actor, NotFound, require
from app.services.versions import SHIPPED, WriterVersion
from db.session import Database
from relate_engine import gate

# a measure in the gate's sentence; what it means where it speaks for the version, and where against
PLAIN = (
    ("log-odds", "A judge that it was not trained on expects its texts to sell better.",
     "A judge that it was not trained on does not expect its texts to sell better."),
    ("bigrams", "Its texts differ from each other as much as before.", "Its texts repeat each other more than before."),
    ("nats", "It still writes much like the writer that it was made from.",
     "It writes too differently from the writer that it was made from to be judged by what that one was judged by."),
)  # fmt: skip
Word = Literal["promote", "don't", "not enough data"]


@dataclass(frozen=True)
class Reason:
    """One thing that was looked at, and whether it speaks for the version. `detail`: the measure behind the words,
    "" where the words hold it."""

    holds: bool
    words: str
    detail: str = ""


@dataclass(frozen=True)
class Advice:
    """`needed`: choices that a trial still lacks; `choices`: those against the writer in use; `gates`: versions that
    the evaluator, or one made from the same, had judged before this one; `stale`: its held-out checks were made against
    a writer no longer in use, so no trial can promote it."""

    word: Word
    why: str  # one or two sentences for somebody who has never heard of a gate
    reasons: tuple[Reason, ...]
    needed: int
    choices: int
    gates: int
    evaluator: str
    alarms: tuple[str, ...]
    stale: bool = False


def advice(db: Database, actor: Actor, version: WriterVersion) -> Advice | None:
    """What the evidence says of a version today; None for one that no round made, which no gate has judged."""
    require(actor, "writer.read")
    try:
        said = rounds.decision(db, actor, version.version)
    except NotFound:
        return None
    evidence = version.manifest["round"]["evidence"]
    looked = [r for r in said.reasons[:-1] if not r.startswith("Alarm: ")]  # an alarm is told apart: it speaks for none
    reasons = tuple(_reason(not r.startswith("No: "), _sentence(r.removeprefix("No: "))) for r in looked)
    word = _word(said, reasons, evidence)
    running = trials.trial_state(db, actor)
    runs = running is not None and running.version == version.version
    why = _why(version, word, said, reasons, evidence, runs)
    return Advice(
        word, why, reasons, said.verdicts_needed, said.choices, int(evidence.get("gates", 0)), evidence["evaluator"],
        alarms_of(version), bool(said.stale),
    )  # fmt: skip


def _word(said: gate.Decision, reasons: tuple[Reason, ...], evidence: dict[str, Any]) -> Word:
    if said.promote:
        return "promote"
    if _broken(said, reasons):
        return "don't"
    if said.stale or said.stale_trial:
        return "not enough data"
    if _by_sales(evidence):
        old, new = evidence["old"]["sales"], evidence["new"]["sales"]
        return "don't" if gate.paired(old, new, evidence["products"])[2] < 0 else "not enough data"
    return "not enough data" if said.verdicts_needed else "don't"


def _broken(said: gate.Decision, reasons: tuple[Reason, ...]) -> list[str]:
    """The checks that failed, in words; that it was compared with another writer is none."""
    stale = {_sentence(said.stale), _sentence(said.stale_trial)}
    checks = reasons if said.stale else reasons[1:]  # first comes who sells better, unless nothing tells
    return [reason.words for reason in checks if not reason.holds and reason.words not in stale]


def _by_sales(evidence: dict[str, Any]) -> bool:
    return gate.by_sales(evidence["new"], evidence.get("products", ()))


def _why(
    version: WriterVersion,
    word: Word,
    said: gate.Decision,
    reasons: tuple[Reason, ...],
    evidence: dict[str, Any],
    runs: bool,
) -> str:
    """`runs`: its trial is under way. A version in use is told against the one that it was made from."""
    broken, choices, sales, name = _broken(said, reasons), said.choices, _by_sales(evidence), version.version
    parent = version.parent or SHIPPED
    other = parent if version.active else "the writer in use"
    if word == "promote":
        better = (
            "sells better by a judge that it was not trained on" if sales else "is preferred by the people who chose"
        )
        return f"{name} {better}, and it is as safe, as true and as varied as {other}."
    if broken:
        more = f" It also fails {len(broken) - 1} more of the checks below." if len(broken) > 1 else ""
        return f"{name} fails a check that every writer has to pass: {broken[0]}{more}"
    if said.stale:
        chose = f"people chose between it and the writer in use ({choices:,} choices), but " if choices else ""
        return (
            f"{name} is not proven: {chose}its held-out checks were made against {parent}, which is not in use now, so "
            "no trial can promote it. A new round starts from the writer in use and is compared with it."
        )
    start = "Its trial is under way" if runs else "Start a new trial" if said.stale_trial else "Start a trial"
    takes = f" {start}: it takes {said.verdicts_needed:,} choices at least to tell whether people prefer it."
    takes = "" if version.active else takes
    if said.stale_trial:
        return f"{name} is as safe as {other}, but people have not chosen between the two: {said.stale_trial}{takes}"
    if word == "don't":
        return (
            f"{name} is safe, but by the held-out judge it sells less than {other}."
            if sales
            else f"{name} is safe, but people did not choose its texts clearly more often than those of {other} "
            f"({choices:,} choices)."
        )
    if sales:
        return f"{name} is safe, but nothing shows yet that it sells better; the next results may."
    if not choices:
        return f"{name} is as safe as {other}, but nobody has chosen between the two yet.{takes}"
    return (
        f"{name} is as safe as {other}, but {choices:,} choices are too few to tell whether people prefer it; about "
        f"{said.verdicts_needed:,} more are needed."
    )


def _reason(holds: bool, said: str) -> Reason:
    """What the gate says in its own measures, in words for somebody who knows none of them."""
    for measure, fine, broken in PLAIN:
        if measure in said:
            return Reason(holds, fine if holds else broken, said)
    return Reason(holds, said)


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
