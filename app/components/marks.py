"""A text with its findings underlined, as HTML that is safe to show.

Everything from outside is escaped before any tag is added, so a text can hold HTML and is shown as text.
Severity is told by line style, icon and word, never by colour alone. Colours live in the stylesheet.
Leaves out findings about a whole text (no span): the card lists those.
"""

from collections.abc import Iterable
from html import escape
from itertools import pairwise

from relate_engine.scorecard import Finding, Severity

# severity: word, icon; worst first
SEVERITIES: dict[Severity, tuple[str, str]] = {
    "block": ("blocked", "✖"),
    "warn": ("caution", "⚠"),
    "note": ("note", "•"),
}
_WORST = list(SEVERITIES)
_SOURCES = {"encoder": "the brief, compared by meaning"}  # those that are named after a part of the program


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Findings by severity, then by place."""
    return sorted(findings, key=lambda f: (_WORST.index(f.severity), f.start or 0))


def marked(text: str, findings: Iterable[Finding]) -> str:
    """`text` as HTML, each found span underlined by its worst severity, with icon and word at its end."""
    spans = [(f.start, f.end, f) for f in worst_first(findings) if f.start is not None and f.end is not None]
    spans = [(start, end, f) for start, end, f in spans if 0 <= start < end <= len(text)]
    cuts = sorted({0, len(text), *(s for s, _, _ in spans), *(e for _, e, _ in spans)})
    parts = []
    pieces = [(a, b, [f for s, e, f in spans if s <= a and b <= e]) for a, b in pairwise(cuts)]
    for number, (start, end, over) in enumerate(pieces):
        part = escape(text[start:end])
        if over:
            worst = over[0].severity
            why = escape(" ".join(dict.fromkeys(f.message for f in over)))
            part = f'<span class="rl-mark rl-{worst}" title="{why}">{part}</span>'
            after = pieces[number + 1][2] if number + 1 < len(pieces) else []
            if not after or after[0].severity != worst:  # touching marks of one severity share a tag
                part += tag(worst)
        parts.append(part)
    return "".join(parts)


def source_words(source: str) -> str:
    """Where a finding comes from, as people call it."""
    return _SOURCES.get(source, source)


def tag(severity: Severity) -> str:
    """Icon and word of a severity."""
    word, icon = SEVERITIES[severity]
    return f'<span class="rl-tag rl-{severity}"><span aria-hidden="true">{icon}</span> {word}</span>'
