"""Somebody's words inside Streamlit's own text: nothing in them is Markdown, LaTeX, an icon, HTML or a link.

Addresses become links by themselves, whatever is escaped; an invisible word joiner inside them stops that.
"""

import re

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$&=^])")
_ADDRESS = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?<=@)(?=\w)", re.IGNORECASE)
JOINER = "\u2060"


def plain(text: str) -> str:
    """`text` escaped for st.markdown, labels and messages; shown exactly as it stands."""
    unlinked = _ADDRESS.sub(JOINER, " ".join(text.split()))
    return _SPECIAL.sub(r"\\\1", unlinked).replace(":", "&#58;")
