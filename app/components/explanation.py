"""An explanation in plain words: how words move the click score, and what a better text would score.

Effects are shown on the click score (log-odds; relate_engine/explain.py says which), with sign and word, never by
colour alone. Every value from outside is escaped here. Leaves out buttons (desks/draft_explain.py).
"""

from collections.abc import Sequence
from html import escape

from app.components.card import percent
from relate_engine.explain import NOTICEABLE, Alternative, Explanation, WordEffect, risk_words
from relate_engine.scorecard import Scorecard

MOST = 6  # words shown


def change_words(effect: float) -> str:
    """A change of the click score: "click score up 0.12"."""
    if abs(effect) < NOTICEABLE:
        return "click score unchanged"
    return f"click score {'up' if effect > 0 else 'down'} {abs(effect):.2f}"


def shown_words(explanation: Explanation) -> list[WordEffect]:
    """The words and phrases worth showing: the largest effects, none inside another."""
    shown: list[WordEffect] = []
    for word in explanation.words:
        apart = all(word.end <= other.start or other.end <= word.start for other in shown)
        if abs(word.effect) >= NOTICEABLE and apart and len(shown) < MOST:
            shown.append(word)
    return sorted(shown, key=lambda w: w.start)


def words_html(explanation: Explanation) -> str:
    """The text with the words that move its click score marked up or down, and a list of them."""
    text, shown = explanation.card.text, shown_words(explanation)
    parts, at = [], 0
    for word in shown:
        sign, name = ("\u25b2", "up") if word.effect > 0 else ("\u25bc", "down")
        parts.append(escape(text[at : word.start]))
        parts.append(
            f'<span class="rl-moves rl-{name}">{escape(word.words)}<span aria-hidden="true"> {sign}</span></span>'
        )
        at = word.end
    parts.append(escape(text[at:]))
    rows = "".join(
        f"<li><b>\u201c{escape(w.words)}\u201d</b>: {escape(change_words(w.effect))}</li>"
        for w in sorted(shown, key=lambda w: -w.effect)
    )
    told = f"<ul>{rows}</ul>" if rows else "<p>No single word moves the click score by 0.02 or more.</p>"
    return f'<div class="rl-why"><p class="rl-text" dir="auto">{"".join(parts)}</p>{told}</div>'


def better_words(alternative: Alternative, found: Explanation) -> str:
    """Why it is better, with both scores: "1 caution instead of 2 cautions; click score +0.10 instead of -0.05; …"."""
    new, old = alternative.card, found.card
    told = [f"{risk_words(new)} instead of {risk_words(old)}"] if "safer" in alternative.better else []
    told.append(f"click score {alternative.score:+.2f} instead of {found.score:+.2f}")
    rates = percent(new.ctr.mean), percent(old.ctr.mean)
    told.append(f"predicted CTR {rates[0]}" + (", as before" if rates[0] == rates[1] else f" instead of {rates[1]}"))
    return "; ".join(told).replace(" -", " \u2212")


def alternatives_html(alternative: Alternative, found: Explanation) -> str:
    """One better text, its label, where it comes from, and both scores."""
    return (
        f'<div class="rl-why"><p class="rl-better" dir="auto">{escape(alternative.card.text)}</p>'
        f'<p class="rl-chips"><span class="rl-chip rl-angle">{escape(alternative.better)}</span>'
        f"<span>{escape(alternative.how)}</span></p>"
        f'<p class="rl-rates">{escape(better_words(alternative, found))}</p></div>'
    )


def sources(card: Scorecard) -> Sequence[tuple[str, str, str]]:
    """Rule, what it says and where it comes from, for each finding that has a source."""
    return [(f.rule_id, f.message, f.source) for f in card.findings if f.source]
