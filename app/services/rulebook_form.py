"""A rule as a person types it into the form, checked, and what of it differs from the shipped rule.

A rule whose source nobody has read may warn and never block; an expression must be safe to run; every rule brings a
text that it must hit and one that it must not. Leaves out keeping it (rulebook_draft.py) and running it
(rulebook_trial.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.services.people import Actor, require
from app.services.rulebook import shipped
from relate_engine.brief import PLACEMENTS, BriefError
from relate_engine.rewards.overlay import OWN, editable, entry_of, rule_from
from relate_engine.rewards.rulecheck import TEXT, expression_problem, too_slow
from relate_engine.rewards.rules import Rule, RuleError

MOST_WORDS, MOST_EXAMPLES = 50, 20
LONGEST_WORDS, LONGEST_SENTENCE = 100, 300

FIELDS: dict[str, str] = {
    "severity": "severity", "message": "message", "fix": "fix", "words": "words", "pattern": "pattern",
    "unless_words": "exceptions", "unless": "exception pattern", "placements": "placements", "slots": "slots",
    "countries": "countries", "source": "source", "source_status": "source read", "violating": "violating examples",
    "clean": "clean examples", "magic": "exception tests", "replace": "one-click fix",
}  # fmt: skip


@dataclass(frozen=True)
class RuleForm:
    """A rule as the form holds it. Either `words` or `pattern`; empty places mean everywhere."""

    severity: str
    message: str
    fix: str
    source: str
    source_status: str
    words: tuple[str, ...] = ()
    pattern: str = ""
    unless_words: tuple[str, ...] = ()
    unless: str = ""
    placements: tuple[str, ...] = ()
    slots: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    violating: tuple[str, ...] = ()
    clean: tuple[str, ...] = ()
    magic: tuple[str, ...] = ()


def shipped_rule(rule_id: str | None) -> Rule | None:
    """The shipped rule of this id; BriefError for one that a workspace cannot change."""
    known = next((rule for rule in shipped().rules if rule.id == rule_id), None)
    if known is not None and not editable(known):
        raise BriefError(f"{known.id} is a limit or safeguard of the studio itself, so a workspace cannot change it.")
    return known


def checked(actor: Actor, rule_id: str | None, form: RuleForm) -> tuple[Rule | None, dict[str, Any]]:
    """The shipped rule that is changed, if it is one, and the form as an entry. Raises BriefError with the remedy."""
    require(actor, "rule.write")
    known = shipped_rule(rule_id)
    entry = _entry(form)
    _check(form, entry, known)
    return known, entry


def _entry(form: RuleForm) -> dict[str, Any]:
    """The form as fields of a rule, empty ones left out."""
    raw = {name: getattr(form, name) for name in RuleForm.__dataclass_fields__}
    entry: dict[str, Any] = {}
    for name, value in raw.items():
        kept = value.strip() if isinstance(value, str) else [" ".join(v.split()) for v in value if v.strip()]
        if kept:
            entry[name] = list(dict.fromkeys(kept)) if isinstance(kept, list) else kept
    return entry


def changes_of(known: Rule, entry: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that differ from the shipped rule. A one-click fix belongs to its expression and goes with it; a
    block that only warns for want of a source is no change while the source stays as it is."""
    as_shipped = entry_of(known)
    found = {n: entry.get(n) for n in RuleForm.__dataclass_fields__ if entry.get(n) != as_shipped.get(n)}
    if found.get("severity") == known.severity and "source_status" not in found:
        del found["severity"]
    if "pattern" in found and "replace" in as_shipped:
        found["replace"] = None
    return found


def _check(form: RuleForm, entry: Mapping[str, Any], known: Rule | None) -> None:
    """Raises BriefError, one sentence, where the rule cannot be saved."""
    for field, needed in (("message", True), ("fix", True), ("source", True)):
        sentence(FIELDS[field].capitalize(), getattr(form, field), needed)
    severities = ("block", "warn", "note") if known and known.severity == "note" else ("block", "warn")
    if form.severity not in severities:
        raise BriefError(f"Severity: '{form.severity}' is unknown; choose block or warn.")
    if form.severity == "block" and form.source_status == "memory":
        raise BriefError(
            "Severity: nobody has read the source, so the rule may warn but not block; read it and say so, or let the "
            "rule warn."
        )
    if ("words" in entry) == ("pattern" in entry):
        raise BriefError("What it looks for: give either words or a pattern.")
    if "unless_words" in entry and "unless" in entry:
        raise BriefError("Exceptions: give either words or a pattern.")
    for field in ("words", "unless_words"):
        told = FIELDS[field].capitalize()
        if len(entry.get(field, ())) > MOST_WORDS:
            raise BriefError(f"{told}: {len(entry[field])} are too many for one rule; keep to {MOST_WORDS}.")
        if long := next((w for w in entry.get(field, ()) if len(w) > LONGEST_WORDS), None):
            raise BriefError(f"{told}: “{long[:40]}…” is too long; keep each under {LONGEST_WORDS} characters.")
    _check_places(entry)
    for field in ("violating", "clean", "magic"):
        examples, told = entry.get(field, []), FIELDS[field].capitalize()
        if not examples and field != "magic":
            must = "hit" if field == "violating" else "leave alone"
            raise BriefError(f"{told}: give at least one text that the rule must {must}.")
        if len(examples) > MOST_EXAMPLES or any(len(e) > TEXT for e in examples):
            raise BriefError(f"{told}: keep to {MOST_EXAMPLES} texts of at most {TEXT:,} characters.")
    as_shipped = entry_of(known) if known else {}
    typed = {f: entry[f] for f in ("pattern", "unless") if f in entry and entry[f] != as_shipped.get(f)}
    for field, expression in typed.items():
        if problem := expression_problem(expression):
            raise BriefError(f"{FIELDS[field].capitalize()}: it {problem}.")
    try:
        rule_from(dict(entry) | {"id": known.id if known else f"{OWN}001"})
    except RuleError as error:
        raise BriefError(str(error)) from error
    if typed and too_slow(list(typed.values()), entry.get("violating", [])):
        raise BriefError(
            "Pattern: it takes seconds on a long text, and would hold up everybody; bound its repetitions, as in "
            "{1,5}, or use words."
        )


def _check_places(entry: Mapping[str, Any]) -> None:
    placements = entry.get("placements") or list(PLACEMENTS)
    there = {slot.name for name in placements if name in PLACEMENTS for slot in PLACEMENTS[name].slots}
    if wrong := [slot for slot in entry.get("slots", ()) if slot not in there]:
        raise BriefError(f"Slots: the placements chosen have no {', '.join(wrong)}; choose other slots or placements.")


def sentence(what: str, text: str, needed: bool) -> str:
    """One typed sentence, trimmed. Raises BriefError where it is missing though `needed`, or too long."""
    text = text.strip()
    if needed and not text:
        raise BriefError(f"{what}: it is missing; write it.")
    if len(text) > LONGEST_SENTENCE:
        raise BriefError(f"{what}: {len(text):,} characters are too many; keep it under {LONGEST_SENTENCE}.")
    return text
