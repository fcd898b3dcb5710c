"""What is judged about a text: `Finding` (one fault, with its span) and `Scorecard` (everything).

One idea carries the system: a finding is highlighted for the advertiser, settled by the reviewer,
counted for the analyst and, from the rounds on, becomes token-level credit. So spans are exact:
code points of the original text, end exclusive. Leaves out how anything is judged (rewards/).
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from relate_engine.brief import Angle

Severity = Literal["block", "warn", "note"]
RewardName = Literal["structure", "correctness", "relevance", "compliance", "diversity", "ctcvr"]
Level = Literal["blocked", "caution", "clear"]
Source = Literal["prior", "simulated", "imported"]

# What one finding of a severity costs its reward. A block alone empties it; four cautions do too.
AMOUNT: dict[Severity, float] = {"block": -1.0, "warn": -0.25, "note": -0.05}


@dataclass(frozen=True)
class Finding:
    """A judgement about a span of a text. `start`/`end` are None where it is about the whole subject."""

    rule_id: str
    reward: RewardName
    severity: Severity
    message: str
    fix: str = ""  # what to do, in words
    replacement: str | None = None  # exact text for [start:end] where one click can mend it
    start: int | None = None
    end: int | None = None
    amount: float = 0.0  # ≤ 0; set from AMOUNT by `finding`
    source: str = ""
    subject: Literal["text", "ad", "brief"] = "text"
    credit: bool = True  # trains the policy; False for findings about an ad or a brief


def finding(rule_id: str, reward: RewardName, severity: Severity, message: str, **more: Any) -> Finding:
    """A Finding with the amount of its severity; ad and brief findings carry no credit."""
    more.setdefault("credit", more.get("subject", "text") == "text")
    return Finding(rule_id, reward, severity, message, amount=AMOUNT[severity], **more)


def times_in_100(chance: float) -> str:
    """A chance in words, such as "84 times in 100"; nothing is certain, so never 100."""
    return f"{100 * chance:.0f} times in 100" if chance < 0.995 else "more than 99 times in 100"


def value_of(findings: Iterable[Finding]) -> float:
    """Reward in [0, 1] from its findings: 1 plus their amounts, floored at 0. The one formula."""
    return max(0.0, 1.0 + sum(f.amount for f in findings))


@dataclass(frozen=True)
class AdText:
    """One text for one slot. `author` is a policy version ("policy:<id>") or a person ("person:<id>")."""

    text: str
    slot: str
    angle: Angle | None
    author: str


@dataclass(frozen=True)
class Estimate:
    """A predicted rate with an interval that includes the uncertainty of the base rate."""

    mean: float
    low: float
    high: float
    level: float  # 0.8 = 80 % interval
    source: Source


@dataclass(frozen=True)
class Compliance:
    """`score` = 100 × the compliance reward. `packs` = rule packs applied; `rules` = how many ran."""

    score: float
    level: Level
    packs: tuple[str, ...]
    rules: int


def level_of(findings: Iterable[Finding]) -> Level:
    """blocked = any block, caution = any warn, clear = neither."""
    severities = {f.severity for f in findings}
    return "blocked" if "block" in severities else "caution" if "warn" in severities else "clear"


@dataclass(frozen=True)
class Scorecard:
    """Everything judged about one AdText. Immutable; stale when `versions` differ from today's."""

    text: str
    slot: str
    angle: Angle | None
    author: str
    width: int
    limit: int
    visible: int
    rewards: dict[str, float]  # each in [0, 1], higher is better
    findings: tuple[Finding, ...]
    compliance: Compliance
    ctr: Estimate
    cvr: Estimate
    ctcvr: Estimate
    ctr_effect: float  # log-odds effect of the text on CTR before shrinking
    beats_typical: float  # P(beats a typical text for this brief), in [0, 1]
    beats_words: str  # the same in words
    notes: tuple[str, ...] = ()  # e.g. "outside the head's training domain: effect shrunk to 31 %"
    versions: dict[str, str] = field(default_factory=dict)  # policy, rewards, rules, path
    rank: float = 0.0  # the ranking score; set by mix.py
    rank_words: str = ""  # a plain sentence for its place in the list

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready dict of every field."""
        return asdict(self)


def scorecard_from_json(data: dict[str, Any]) -> Scorecard:
    """The inverse of `Scorecard.to_json`."""
    rates = {k: Estimate(**data[k]) for k in ("ctr", "cvr", "ctcvr")}
    compliance = data["compliance"] | {"packs": tuple(data["compliance"]["packs"])}
    return Scorecard(
        **data
        | rates
        | {
            "findings": tuple(Finding(**f) for f in data["findings"]),
            "compliance": Compliance(**compliance),
            "notes": tuple(data["notes"]),
        }
    )
