"""By whom and for what it is certified: "CE certified" of a stove certified to EN 521.

Why: "certified" alone is supported by any certificate of the brief, but a reader buys the name beside it.
Leaves out: whether the certificate is real, and awards (claims.py).
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re

from relate_engine.denial import denied_at
from relate_engine.rewards.units import number_of
from relate_engine.rewards.words import STOP, own_stems, own_words, stem, word_set, words
from relate_engine.scorecard import Finding, finding

_AFTER = re.compile(
    r"\b(?:certified|accredited|registered|approved|endorsed|recognised|recognized|licensed|audited|rated)"
    r"(?:,? (?:as|to|by|with|under))?(?: (?:the|an?|be))? (?P<what>[\w'-]+(?: [\w'-]+)?)",
    re.I,
)
_BEFORE = re.compile(
    r"(?P<what>[\w'-]+)[ -](?:certified|accredited|registered|approved|endorsed|compliant|verified|certification|"
    r"accreditation|certificate)\b",
    re.I,
)
_PLAIN = frozenset(
    stem(w)
    for w in word_set("""fully officially independently professionally board properly now been also newly all every
    each its our new
    full fit hold holds carry carries earn earned get gets
    pro experts expert installers team people product products staff home homes tea today since years""")
)


def _held(before: str, m: re.Match[str], roots: frozenset[str]) -> bool:
    """Is the certificate named before, so that its holder follows: "ISO certified hands"?"""
    named = words(before)[-1:] if re.match(r"[a-z]+ (?!(?:as|to|by|with|under)\b)", m[0], re.I) else []
    return bool(named) and before.endswith((" ", "-")) and named[0].text.isupper() and stem(named[0].lower) in roots


def check_certificates(text: str, facts: str) -> list[Finding]:
    """CLM-019 for what stands beside "certified" and not in the brief."""
    roots = own_stems(facts)
    found = []
    for pattern in (_AFTER, _BEFORE):
        for m in pattern.finditer(text):
            named = [
                w
                for w in words("" if _held(text[: m.start()], m, roots) else m["what"])
                if w.lower not in STOP and number_of(w.lower) is None and stem(w.lower) not in _PLAIN
            ]
            starts = {w[:5] for w in own_words(facts) if len(w) >= 5}
            strange = [w for w in named if stem(w.lower) not in roots and w.lower[:5] not in starts]
            if named and strange == named and not denied_at(text, *m.span()):
                message = f"The brief has no certificate for '{m['what']}'."
                found.append(
                    finding(
                        "CLM-019", "correctness", "warn", message, fix="Name the certificate of the brief.",
                        start=m.start("what"), end=m.end("what"), source="brief",
                    )
                )  # fmt: skip
    return found
