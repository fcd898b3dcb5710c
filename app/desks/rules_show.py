"""Rules in words and as safe HTML: where one holds, how bad it is, how its source was read, what a test showed.

Plain functions that the views of the Rules page share. Whatever people wrote is escaped.
"""

from collections.abc import Iterable, Sequence
from html import escape

from app.components.card import scrolling
from app.components.marks import SEVERITIES, marked, worst_first
from app.services.rulebook import Listed
from app.services.rulebook_draft import Edit
from relate_engine.brief import PLACEMENTS
from relate_engine.rewards.rulecheck import Tried, holds_exception
from relate_engine.rewards.rules import Rule
from relate_engine.scorecard import Severity

DOES: dict[Severity, str] = {"block": "blocks", "warn": "warns", "note": "notes"}
READ = {
    "seen": "source read",
    "seen-mirror": "source read on a copy",
    "memory": "source not verified: it may warn, not block",
}
READ_SHORT = {"seen": "read", "seen-mirror": "read on a copy", "memory": "not verified"}
ORIGINS = {"shipped": "shipped", "changed": "changed here", "own": "your own", "off": "switched off"}
PACKS = {"us": "United States", "uk": "United Kingdom", "eu": "European Union", "cn": "China"}
KINDS = {"violating": "must hit", "clean": "must not hit", "magic": "exception alone"}

HINT = "; only a note where the classifier, which reads the whole text, sees no violation"


def severity_words(severity: Severity) -> str:
    """Icon and word: never the colour alone."""
    return f"{SEVERITIES[severity][1]} {DOES[severity]}"


def scope_words(rule: Rule) -> str:
    """Where the rule holds."""
    slots = {slot.name: slot.label.lower() for p in PLACEMENTS.values() for slot in p.slots}
    parts = [", ".join(PLACEMENTS[name].label for name in PLACEMENTS if name in rule.placements)]
    parts += [", ".join(slots[name] for name in sorted(rule.slots))]
    parts += [", ".join(PACKS[c] for c in sorted(rule.countries))]
    parts += [", ".join(rule.verticals)]
    if rule.elsewhere:
        parts += [f"elsewhere it {DOES[rule.elsewhere]}"]
    return " · ".join(part for part in parts if part) or "everywhere"


def state_words(listed: Listed, pending: bool) -> str:
    """Whose rule it is, and whether the reader has unpublished edits of it."""
    return ORIGINS[listed.origin] + (", not published yet" if pending else "")


def tried_html(rule: Rule, rows: Sequence[Tried]) -> str:
    """What a rule made of each text, with the words it marks."""
    body = []
    for row in rows:
        found = worst_first(row.findings)
        worst = found[0].severity if found else None
        made = f"it {DOES[worst]}" if worst else "not hit"
        if worst and holds_exception(rule, row.text):
            made += ", needs proof"
        verdict = "✓ as it should" if row.passed else "✗ <strong>not as it should</strong>"
        kind = f"{KINDS[row.kind]} “{escape(row.word)}”" if row.word else KINDS[row.kind]
        text = f'<span dir="auto">{marked(row.text, row.findings)}</span>'
        body.append(f"<tr><td>{kind}</td><td>{text}</td><td>{made}</td><td>{verdict}</td></tr>")
    return _table(("test", "text", "what the rule does", "result"), body)


def tried_words(rows: Sequence[Tried]) -> str:
    """The same in one sentence."""
    failed = sum(not row.passed for row in rows)
    words = list(dict.fromkeys(row.word for row in rows if row.word))
    told = f"{len(rows) - failed} of {len(rows)} tests came out as they should."
    if failed:
        return f"{told} {failed} not: mend the rule or its examples before publishing."
    if not words:
        return f"{told} It has no exception words, so none can switch it off."
    return f"{told} Added alone, none of {', '.join(f'“{w}”' for w in words)} clears a text."


def edits_html(edits: Iterable[Edit]) -> str:
    """Edits as a table: rule, what, before, after."""
    body = []
    for edit in edits:
        fields = edit.fields or (("", "", edit.message),)
        for number, (name, before, after) in enumerate(fields):
            head = f"<td>{escape(edit.rule_id)}</td><td>{edit.what}</td>" if number == 0 else "<td></td><td></td>"
            cells = "".join(f'<td dir="auto">{escape(_short(cell))}</td>' for cell in (before, after))
            body.append(f"<tr>{head}<td>{escape(name)}</td>{cells}</tr>")
    return _table(("rule", "", "field", "before", "after"), body)


def past_html(rows: Iterable[tuple[str, str, str]]) -> str:
    """(text as marked HTML, rule, what it does) of texts that a test on history hit."""
    body = [f'<tr><td><span dir="auto">{text}</span></td><td>{escape(r)}</td><td>{escape(w)}</td></tr>'
            for text, r, w in rows]  # fmt: skip
    return _table(("text", "rule", "it would be"), body)


def _short(text: str) -> str:
    return text if len(text) <= 240 else f"{text[:239]}…"


def _table(heads: Sequence[str], body: Sequence[str]) -> str:
    head = "".join(f'<th scope="col">{escape(h)}</th>' for h in heads)
    return scrolling(f'<table class="rl-table"><tr>{head}</tr>{"".join(body)}</table>')
