"""Somebody's words inside Streamlit's own text: nothing in them is Markdown, LaTeX, an icon or HTML."""

import re

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$&=^])")


def plain(text: str) -> str:
    """`text` escaped for st.markdown, labels and messages; shown exactly as it stands."""
    escaped = _SPECIAL.sub(r"\\\1", " ".join(text.split()))
    return escaped.replace(":", "&#58;")
