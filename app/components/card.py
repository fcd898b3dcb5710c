"""What a scorecard says, in words and as one block of HTML: the still part of a candidate's card.

Wording follows the project's rules on honest numbers: what is known leads, a rate never stands without its
interval and source, "no issue" names how many rules looked, whose law none of them holds and what nobody checked.
Leaves out buttons (desks/draft_card.py). Every value from outside is escaped here.
"""

from collections.abc import Sequence
from html import escape

from app.components.countries import country
from app.components.marks import SEVERITIES, marked
from relate_engine.brief import ANGLES, Angle, placement_of
from relate_engine.rewards.rules import uncovered
from relate_engine.scorecard import AdText, Estimate, Finding, Level, Scorecard

LEVELS: dict[Level, tuple[str, str]] = {
    "blocked": ("blocked", "✖"),
    "caution": ("caution", "⚠"),
    "clear": ("no issue found", "✓"),
}
OLD_ICON = "↺"  # in place of the level's, where a clear card is from before a change: no issue is no news then
NOT_CHECKED = "not checked: image, landing page, trademarks"
BEST_OF = "Of 8 texts at today's accuracy the top-ranked is truly best about 1 time in 4."
_NARROW = "\u202f"


def percent(rate: float) -> str:
    """A rate with two figures that count: 5.0 %, 0.20 %."""
    return f"{100 * rate:.{_digits(rate)}f}{_NARROW}%"


def interval(estimate: Estimate) -> str:
    """Its ends in percent, as exact as the rate itself: 2.1–11.7."""
    digits = _digits(estimate.mean)
    return f"{100 * estimate.low:.{digits}f}–{100 * estimate.high:.{digits}f}"


def _digits(rate: float) -> int:
    share = 100 * rate
    return 0 if share >= 10 else 1 if share >= 1 else 2 if share >= 0.1 else 3


def chance_words(card: Scorecard) -> str:
    """How it compares, in words that stand alone."""
    same = card.beats_words == "no clear difference"
    return f"{card.beats_words} from a typical text for this brief" if same else card.beats_words


def width_words(card: Scorecard) -> str:
    """Width against what people see and what the platform takes: "27 of 30", "91 of 125 before the fold …"."""
    if card.visible >= card.limit:
        return f"{card.width:,} of {card.limit:,}"
    seen = f"{card.width:,} of" if card.width <= card.visible else f"{card.width:,} wide,"
    return f"{seen} {card.visible:,} before the fold, limit {card.limit:,}"


def compliance_words(card: Scorecard, placement: str, countries: Sequence[str], old: str = "") -> str:
    """The compliance level in the words the project agreed on. `old`: why it is not of today, which leads."""
    if old:
        return f"{old}; then: {compliance_words(card, placement, countries)}"
    without = uncovered(countries)
    where = ", ".join([placement_of(placement).label, *(c.upper() for c in countries if c not in without)])
    unread = f"{NOT_CHECKED} and the law of {', '.join(map(country, without))}" if without else NOT_CHECKED
    learned = " and the classifier" if "cls-" in card.versions.get("rewards", "") else ""
    if card.compliance.level == "clear":
        return f"no issue found by {card.compliance.rules} rules{learned} for {where}; {unread}"
    hits = {f.rule_id for f in card.findings if f.severity in ("block", "warn")}
    by_rules = {h for h in hits if not h.startswith("CLS-")}
    objecting = [f"{len(by_rules)} of {card.compliance.rules} rules for {where}"] if by_rules else []
    objecting += ["the classifier"] if hits - by_rules else []
    verb = "object" if len(by_rules) > 1 or len(objecting) > 1 else "objects"
    return f"{card.compliance.level}: {' and '.join(objecting)} {verb}; {unread}"


def findings_words(findings: Sequence[Finding]) -> str:
    """Counts by severity: "1 caution, 2 notes"."""
    counts = {s: sum(f.severity == s for f in findings) for s in SEVERITIES}
    plural = {"block": "blocked", "warn": "cautions", "note": "notes"}
    words = (f"{n} {SEVERITIES[s][0] if n == 1 else plural[s]}" for s, n in counts.items() if n)
    return ", ".join(words) or "no findings"


def level_words(level: Level, old: str = "") -> tuple[str, str]:
    """Word and icon of a level. `old`: why the scores are of no use now, which stands in place of "no issue found"."""
    return (old, OLD_ICON) if old and level == "clear" else LEVELS[level]


def card_html(card: Scorecard, notes: Sequence[str] = (), old: str = "") -> str:
    """Text with marks, then its facts in small print. `notes`: chips such as "edited" or "yours"; `old`: why the
    scores are not of today."""
    word, icon = level_words(card.compliance.level, old)
    colour = "old" if word == old else card.compliance.level
    chips = [f'<span class="rl-chip rl-angle">{escape(ANGLES[card.angle])}</span>'] if card.angle else []
    chips += [f'<span class="rl-chip">{escape(note)}</span>' for note in notes]
    chips += [f'<span class="rl-chip">{escape(old)}</span>'] if old and colour != "old" else []
    over = " rl-over" if card.width > card.limit else ""
    share = min(100, round(100 * card.width / max(1, card.visible)))
    bar = f'<span class="rl-bar{over}" aria-hidden="true"><i style="width:{share}%"></i></span>'
    chips.append(f'<span class="rl-width{over}">{bar}{escape(width_words(card))}</span>')
    chips.append(f'<span class="rl-level rl-{colour}"><span aria-hidden="true">{icon}</span> {escape(word)}</span>')
    level = f"{card.ctr.level:.0%}".replace("%", f"{_NARROW}%")
    rank = f'<p class="rl-rank">{escape(card.rank_words)}</p>' if card.rank_words else ""
    return (
        f'<div class="rl-card"><p class="rl-text" dir="auto">{marked(card.text, card.findings)}</p>'
        f'<p class="rl-chips">{"".join(chips)}</p>'
        f'<p class="rl-chance">{escape(chance_words(card))}</p>'
        f'<p class="rl-rates">{_rates_html(card)} · {level} interval</p>'
        f"{rank}</div>"
    )


def _rates_html(card: Scorecard) -> str:
    """The three rates with where they come from: said once where it is the same of all, else before each."""
    rates = {"CTR": card.ctr, "CVR": card.cvr, "CTCVR": card.ctcvr}
    badges = [f'<span class="rl-source">{escape(rate.source)}</span> ' for rate in rates.values()]
    if len(set(badges)) == 1:
        badges = [badges[0], "", ""]
    told = (f"<b>{name}</b> {percent(rate.mean)} ({interval(rate)})" for name, rate in rates.items())
    return " · ".join(f"{badge}{rate}" for badge, rate in zip(badges, told, strict=True))


def provisional_html(texts: Sequence[AdText]) -> str:
    """Texts as they come, before they have a scorecard."""
    rows = "".join(
        f'<li><span dir="auto">{escape(t.text)}</span> <span class="rl-chip">{escape(angle_word(t.angle))}</span></li>'
        for t in texts
    )
    return f'<ul class="rl-coming">{rows}</ul>'


def angle_word(angle: Angle | None) -> str:
    return ANGLES[angle] if angle else "no angle"


def table_html(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A small table of plain words, each cell in its own direction; scrolls inside itself where it is too wide."""
    head = "".join(f"<th>{escape(h)}</th>" for h in heads)
    body = "".join("<tr>" + "".join(f'<td dir="auto">{escape(cell)}</td>' for cell in row) + "</tr>" for row in rows)
    return scrolling(f'<table class="rl-table"><tr>{head}</tr>{body}</table>')


def scrolling(table: str) -> str:
    """A table of ours in a frame that scrolls sideways, which the keyboard can reach too."""
    return f'<div class="rl-scroll" tabindex="0" role="region" aria-label="Table, scrolls sideways">{table}</div>'
