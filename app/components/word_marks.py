"""A text with the credit of its words painted on it, as HTML that is safe to show.

Everything from outside is escaped before any tag is added (marks.py). Leaves out where credit comes from
(analytics_words.py, analytics_samples.py).
"""

from collections.abc import Sequence
from html import escape

from app.services.analytics_words import Word

SENTENCE_WORDS = {"length": "Length", "format": "Format", "ctcvr": "Sales", "ctr": "Clicks"}


def painted(words: Sequence[Word]) -> str:
    """The text as HTML: a word that lost credit is underlined, the thicker the more, with its amount beside it."""
    parts = []
    for word in words:
        shown = escape(word.text)
        if word.credit < 0:
            style = "rl-block" if word.credit <= -1 else "rl-warn"
            why = escape(" ".join(word.why))
            shown = (
                f'<span class="rl-mark {style}" title="{why}">{shown}</span>'
                f'<span class="rl-tag {style}">{signed(word.credit)}</span>'
            )
        parts.append(shown)
    return f'<p dir="auto" class="rl-text">{" ".join(parts)}</p>'


def signed(value: float) -> str:
    """An amount with its sign in words."""
    return f"minus {-value:.2f}" if round(value, 2) < 0 else f"plus {value:.2f}" if round(value, 2) > 0 else "0.00"


def reward_words(rewards: dict[str, float]) -> str:
    """The sentence rewards of a text, as a list in words."""
    return ", ".join(f"{SENTENCE_WORDS.get(name, name).lower()} {value:.2f}" for name, value in rewards.items())
