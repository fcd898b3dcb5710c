"""The status of a text or an ad as an icon with its word, the same on every desk; never by colour alone."""

from app.services.statuses import WORDS, Status

ICONS: dict[Status, str] = {"draft": "✎", "in_review": "→", "approved": "✓", "rejected": "✕", "live": "▶"}


def status_chip(status: Status) -> str:
    """For st.markdown and captions: "→ in review". Holds nothing that needs escaping."""
    return f"{ICONS[status]} {WORDS[status]}"


def status_html(status: Status) -> str:
    """For HTML blocks: a chip."""
    return f'<span class="rl-chip"><span aria-hidden="true">{ICONS[status]}</span> {WORDS[status]}</span>'
