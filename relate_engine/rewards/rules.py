"""The rule pack: `Rule`, `RuleSet` and `load_rules`, which reads, checks and compiles assets/rules/*.yaml.

Why data and not code: a rule is read, argued about and dated by people who do not write Python, and every
one carries texts that must fire and near misses that must not (the tests run them). A source nobody could
open (`memory`) may warn but never block; that is decided here, in `_effective`, and nowhere else.
Leaves out: a workspace's own changes (overlay.py), running a rule over a text (compliance.py) and the limits of slots
(structure.py).
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal, cast, get_args

import yaml

from relate_engine.brief import EU_COUNTRIES, PLACEMENTS
from relate_engine.rewards.literals import Index
from relate_engine.scorecard import RewardName, Severity

Subject = Literal["text", "ad", "brief", "export"]
SourceStatus = Literal["seen", "seen-mirror", "memory"]

COUNTRY_PACKS = ("us", "uk", "eu", "cn")
# Named checks. The first two are done by structure.py and correctness.py; the others by compliance.py.
ELSEWHERE = frozenset({"structure", "correctness"})
TEXT_CHECKS = frozenset({"never_say"})
AD_CHECKS = frozenset({"ad_minimum", "ad_maximum", "ad_duplicates", "ad_pins", "must_say"})
_SLOTS = frozenset(s.name for p in PLACEMENTS.values() for s in p.slots)
_NEEDED = ("id", "severity", "message", "fix", "source", "source_status")
_KNOWN = {*_NEEDED, "placements", "slots", "countries", "verticals", "subject", "reward", "pattern", "check"}
_KNOWN |= {"unless", "negatable", "replace", "fold", "brief_knows", "elsewhere", "hint", "violating", "clean"}
_KNOWN |= {"magic"}


class RuleError(ValueError):
    """A rule file that cannot be used; says which file, which rule and what to mend."""


@dataclass(frozen=True)
class Rule:
    """One rule. Empty `placements`, `slots`, `countries` or `verticals` mean: everywhere."""

    id: str
    severity: Severity  # the one that counts, after `_effective`
    declared: Severity
    message: str
    fix: str
    source: str
    source_status: SourceStatus
    pattern: re.Pattern[str] | None  # exactly one of pattern and check
    check: str | None
    placements: frozenset[str] = frozenset()
    slots: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    verticals: tuple[str, ...] = ()
    subjects: frozenset[Subject] = frozenset({"text"})
    reward: RewardName = "compliance"
    unless: re.Pattern[str] | None = None
    negatable: bool = False
    replace: str | None = None
    fold: bool = True  # False: matched on the original, to see the characters that folding removes
    brief_knows: bool = False  # a hit that the brief spells in the same way passes
    elsewhere: Severity | None = None  # how bad a hit is outside `placements`; None: the rule does not hold there
    hint: bool = False  # the classifier may lower its caution to a note (hints.py)
    violating: tuple[str, ...] = ()
    clean: tuple[str, ...] = ()
    magic: tuple[str, ...] = ()

    @property
    def masks_names(self) -> bool:
        """Spelling rules look at a text whose names and coupon codes are masked."""
        return self.id.startswith("EDT-")


@dataclass(frozen=True, eq=False)
class RuleSet:
    """All rules with their version: that of the pack plus a short hash of its files."""

    version: str
    rules: tuple[Rule, ...]

    @cached_property
    def hints(self) -> frozenset[str]:
        """Ids of the rules whose caution the classifier may lower to a note."""
        return frozenset(r.id for r in self.rules if r.hint and r.declared == "warn")

    @cached_property
    def _index(self) -> Index:
        return Index(r.pattern for r in self.rules)

    def possible(self, text: str) -> set[str]:
        """Ids of the rules that may find something in the text; the pattern of no other matches it (literals.py)."""
        return {self.rules[number].id for number in self._index.possible(text)}

    def applicable(self, placement: str, slot: str | None, countries: Sequence[str], vertical: str) -> tuple[Rule, ...]:
        """Rules in force there. With `slot` None, those that hold in every slot of the placement."""
        return _in_force(self, placement, slot, frozenset(country_packs(countries)), vertical.lower())


@lru_cache(maxsize=128)
def _in_force(
    rules: RuleSet, placement: str, slot: str | None, packs: frozenset[str], vertical: str
) -> tuple[Rule, ...]:
    here = (
        r if not r.placements or placement in r.placements else replace(r, severity=r.elsewhere or r.severity)
        for r in rules.rules
        if not r.placements or placement in r.placements or r.elsewhere
    )
    return tuple(
        r
        for r in here
        if (not r.slots or slot in r.slots)
        and (not r.countries or not packs.isdisjoint(r.countries))
        and (not r.verticals or any(v in vertical for v in r.verticals))
    )


def country_packs(countries: Sequence[str]) -> tuple[str, ...]:
    """The packs of law behind country codes: EU members share one; a country without rules has none."""
    lowered = ["uk" if c.lower() == "gb" else c.lower() for c in countries]
    packs = ["eu" if c in EU_COUNTRIES else c for c in lowered]
    return tuple(dict.fromkeys(p for p in packs if p in COUNTRY_PACKS))


def uncovered(countries: Sequence[str]) -> list[str]:
    """The countries whose own law no rule holds: only the general rules run for them."""
    return [code for code in countries if not country_packs([code])]


def load_rules(folder: Path) -> RuleSet:
    """Every rule of `folder`/*.yaml, checked and compiled. Raises RuleError naming file and rule."""
    version_file = folder / "VERSION"
    if not version_file.is_file():
        raise RuleError(f"{version_file} is missing; it holds the version of the rules, e.g. 2026.11.")
    version = version_file.read_text("utf-8").strip()
    digest = hashlib.sha256(version.encode())
    rules: list[Rule] = []
    home: dict[str, str] = {}
    for path in sorted(folder.glob("*.yaml")):
        raw = path.read_bytes()
        digest.update(path.name.encode() + b"\0" + raw)
        for rule in _read(path.name, raw):
            if rule.id in home:
                raise RuleError(f"{path.name}, {rule.id}: {home[rule.id]} holds a rule of this id too.")
            home[rule.id] = path.name
            rules.append(rule)
    if not rules:
        raise RuleError(f"No rules in {folder}: expected files ending in .yaml.")
    return RuleSet(f"{version}+{digest.hexdigest()[:8]}", tuple(rules))


def _read(name: str, raw: bytes) -> list[Rule]:
    try:
        data = yaml.safe_load(raw)
    except yaml.YAMLError as error:
        raise RuleError(f"{name}: not readable as YAML: {error}") from error
    if not isinstance(data, dict) or not isinstance(data.get("rules"), list):
        raise RuleError(f"{name}: expected one list under 'rules'.")
    return [rule_of(name, entry) for entry in data["rules"]]


def _effective(declared: Severity, status: SourceStatus) -> Severity:
    """A block needs a source that was seen; from memory it can only warn."""
    return "warn" if declared == "block" and status == "memory" else declared


def rule_of(name: str, entry: Any) -> Rule:
    """One rule from its fields as the files have them. Raises RuleError that names `name` and the rule."""
    if not isinstance(entry, dict) or not re.fullmatch(r"[A-Z]{2,4}-\d{3}", str(entry.get("id"))):
        raise RuleError(f"{name}: a rule without an id such as EDT-001: {str(entry)[:80]}")
    where = f"{name}, {entry['id']}"
    if unknown := sorted(set(entry) - _KNOWN):
        raise RuleError(f"{where}: unknown field {', '.join(unknown)}.")
    for key in _NEEDED:
        if not isinstance(entry.get(key), str) or not entry[key].strip():
            raise RuleError(f"{where}: {key} is missing or not a text.")
    declared = cast(Severity, _one(where, "severity", entry["severity"], get_args(Severity)))
    status = cast(SourceStatus, _one(where, "source_status", entry["source_status"], get_args(SourceStatus)))
    subjects = _some(where, "subject", entry.get("subject", "text"), get_args(Subject))
    if ("pattern" in entry) == ("check" in entry):
        raise RuleError(f"{where}: give either a pattern or a check.")
    if "check" in entry:
        known = AD_CHECKS if subjects == {"ad"} else ELSEWHERE | TEXT_CHECKS
        _one(where, "check", entry["check"], sorted(known))
    pattern = _compiled(where, "pattern", entry.get("pattern"))
    hint = _flag(where, "hint", entry.get("hint", False))
    if hint and ("check" in entry or "countries" in entry or entry.get("reward", "compliance") != "compliance"):
        raise RuleError(f"{where}: hint is for a compliance pattern that holds in every country.")
    replace = entry.get("replace")
    if replace is not None and (pattern is None or not isinstance(replace, str)):
        raise RuleError(f"{where}: replace needs a pattern and is a text.")
    return Rule(
        id=entry["id"],
        severity=_effective(declared, status),
        declared=declared,
        message=entry["message"].strip(),
        fix=entry["fix"].strip(),
        source=entry["source"],
        source_status=status,
        pattern=pattern,
        check=entry.get("check"),
        placements=_some(where, "placements", entry.get("placements"), tuple(PLACEMENTS)),
        slots=_some(where, "slots", entry.get("slots"), sorted(_SLOTS)),
        countries=_some(where, "countries", entry.get("countries"), COUNTRY_PACKS),
        verticals=tuple(v.lower() for v in _texts(where, "verticals", entry.get("verticals"))),
        subjects=cast(frozenset[Subject], subjects),
        reward=cast(RewardName, _one(where, "reward", entry.get("reward", "compliance"), get_args(RewardName))),
        unless=_compiled(where, "unless", entry.get("unless")),
        negatable=_flag(where, "negatable", entry.get("negatable", False)),
        replace=replace,
        fold=_flag(where, "fold", entry.get("fold", True)),
        brief_knows=_flag(where, "brief_knows", entry.get("brief_knows", False)),
        elsewhere=cast(Severity, _one(where, "elsewhere", entry["elsewhere"], ("warn", "note")))
        if "elsewhere" in entry
        else None,
        hint=hint,
        violating=_texts(where, "violating", entry.get("violating")),
        clean=_texts(where, "clean", entry.get("clean")),
        magic=_texts(where, "magic", entry.get("magic")),
    )


def _compiled(where: str, key: str, value: object) -> re.Pattern[str] | None:
    if value is None:
        return None
    if not isinstance(value, str) or not value:
        raise RuleError(f"{where}: {key} is not a text.")
    try:
        compiled = re.compile(value)
    except re.error as error:
        raise RuleError(f"{where}: {key} is not a valid expression: {error}.") from error
    if compiled.match(""):
        raise RuleError(f"{where}: {key} matches the empty text, so it would match everything.")
    return compiled


def _texts(where: str, key: str, value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise RuleError(f"{where}: {key} is a list of texts (quote numbers, yes and no).")
    return tuple(value)


def _some(where: str, key: str, value: object, known: Sequence[str]) -> frozenset[str]:
    items = _texts(where, key, [value] if isinstance(value, str) else value)
    for item in items:
        _one(where, key, item, known)
    return frozenset(items)


def _one(where: str, key: str, value: object, known: Sequence[str]) -> str:
    if not isinstance(value, str) or value not in known:
        raise RuleError(f"{where}: {key} is '{value}'; choose from {', '.join(known)}.")
    return value


def _flag(where: str, key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise RuleError(f"{where}: {key} is true or false.")
    return value
