"""A workspace's own rules: the shipped set with changed, added and switched-off rules laid over it (`laid_over`).

An overlay is plain data, {"changed": {id: fields}, "added": {id: entry}, "off": {id: reason}}, with fields as in
assets/rules/*.yaml. A changed rule holds only what differs, so a later shipped set still brings the rest. Instead of
expressions a rule may name `words` to find and `unless_words` that lower it to "needs proof". Only rules that look for
a pattern in texts may be changed or switched off: limits, facts, whole ads and safe briefs stay as shipped.
Leaves out whether a rule is a good one (rulecheck.py) and where overlays are kept (app/services/rulebook.py).
"""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from relate_engine.rewards.folding import fold
from relate_engine.rewards.rules import Rule, RuleError, RuleSet, rule_of

Overlay = Mapping[str, Mapping[str, Any]]
Entry = Mapping[str, Any]
EMPTY: Overlay = {"changed": {}, "added": {}, "off": {}}
OWN = "OWN-"  # ids of a workspace's own rules begin so; no shipped rule does
WHERE = "Your rules"
_WORDS = {"words": "pattern", "unless_words": "unless"}
_LISTS = ("placements", "slots", "countries", "verticals", "violating", "clean", "magic")


def laid_over(shipped: RuleSet, overlay: Overlay) -> RuleSet:
    """The rules of a workspace; the shipped set itself where the overlay is empty. Raises RuleError.

    What an overlay says of a rule that is no longer shipped is left out."""
    if not any(overlay.values()):
        return shipped
    rules = []
    for rule in shipped.rules:
        fields = overlay["changed"].get(rule.id)
        if rule.id in overlay["off"] and editable(rule):
            continue
        # what it looks for, or where, in a workspace's own words is no hint: the classifier knows nothing of them
        own = {"hint": False} if fields and fields.keys() & {"words", "pattern", "countries"} else {}
        rules.append(rule_from(entry_of(rule) | own | fields) if fields and editable(rule) else rule)
    rules += [rule_from(entry) for entry in overlay["added"].values()]
    return RuleSet(version_of(shipped, overlay), tuple(rules))


def version_of(shipped: RuleSet, overlay: Overlay) -> str:
    """The shipped version, and a short hash of the overlay where there is one."""
    return f"{shipped.version}+{hash_of(overlay)}" if any(overlay.values()) else shipped.version


def hash_of(overlay: Overlay) -> str:
    plain = json.dumps(overlay, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(plain.encode()).hexdigest()[:8]


def editable(rule: Rule) -> bool:
    """Whether a workspace may change or switch off this shipped rule."""
    return rule.pattern is not None and rule.subjects == {"text"} and rule.reward == "compliance"


def entry_of(rule: Rule) -> dict[str, Any]:
    """The fields of a rule as the files have them; what is empty or at its default is left out."""
    entry: dict[str, Any] = {
        "id": rule.id, "severity": rule.declared, "message": rule.message, "fix": rule.fix, "source": rule.source,
        "source_status": rule.source_status,
    }  # fmt: skip
    entry |= {name: sorted(found) if isinstance(found, frozenset) else list(found)
              for name in _LISTS if (found := getattr(rule, name))}  # fmt: skip
    if rule.pattern is not None:
        entry["pattern"] = rule.pattern.pattern
    if rule.unless is not None:
        entry["unless"] = rule.unless.pattern
    if rule.replace is not None:
        entry["replace"] = rule.replace
    if rule.elsewhere is not None:
        entry["elsewhere"] = rule.elsewhere
    if rule.reward != "compliance":
        entry["reward"] = rule.reward
    flags = {"negatable": rule.negatable, "brief_knows": rule.brief_knows, "hint": rule.hint}
    return entry | {name: True for name, on in flags.items() if on} | ({} if rule.fold else {"fold": False})


def rule_from(entry: Entry) -> Rule:
    """A rule of an overlay. A field that is None is absent; words become an expression. Raises RuleError."""
    given = {name: value for name, value in entry.items() if value is not None}
    for words, expression in _WORDS.items():
        if words in given:
            given[expression] = expression_of(given.pop(words))
    return rule_of(WHERE, given)


def expression_of(words: object) -> str:
    """An expression that finds these words or phrases: whole ones, in any case and spacing. Raises RuleError."""
    if not isinstance(words, list) or not all(isinstance(w, str) and w.strip() for w in words):
        raise RuleError(f"{WHERE}: words are a list of texts.")
    return "(?i)" + "|".join(_whole(fold(word).text.split()) for word in words)


def _whole(parts: list[str]) -> str:
    """Edges only where words have spaces between them: Chinese and Japanese have none."""
    spaced = r"\s+".join(re.escape(part) for part in parts)
    return (r"(?<!\w)" if _bounded(parts[0][0]) else "") + spaced + (r"(?!\w)" if _bounded(parts[-1][-1]) else "")


def _bounded(char: str) -> bool:
    return char.isalnum() and ord(char) < 0x2E80
