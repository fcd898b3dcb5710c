"""Names of the brief that are spelled nearly right.

Why: a wrong name is a text for somebody else's product.
Leaves out: names the brief does not have (propernames.py), and misspelled words (spelling.py).
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re
from functools import lru_cache

from relate_engine.rewards.spelling import distance, known, listed, opens_sentence
from relate_engine.rewards.words import Word, is_title_case, own_stems, own_words, stem, words
from relate_engine.scorecard import Finding, finding


@lru_cache(maxsize=512)
def distinctive(names: tuple[str, ...], facts: str) -> dict[str, str]:
    """Words of the names that are no English word and never written small in the brief: small -> right."""
    found = {}
    small = {w.text for w in words(facts) if w.text.islower()}
    for name in names:
        for word in words(name):
            strange = (not listed(word.lower) and word.lower not in small) or any(c.isupper() for c in word.text[1:])
            if len(word.lower) >= 4 and strange and not word.text.isupper():
                found[word.lower] = word.text.removesuffix("'s").removesuffix("\u2019s")
    return found


def check_names(text: str, names: tuple[str, ...], facts: str, own: frozenset[str]) -> list[Finding]:
    """NAME-001 for a name of the brief in the wrong case, spacing or one or two letters off."""
    tokens, odd = words(text), distinctive(names, facts)
    found = []
    spaced = odd | {re.sub(r"[\W_]", "", n).lower(): n for n in names if len(n) > 4}
    skip = -1
    for i, token in enumerate(tokens):
        if i <= skip:
            continue
        if (pair := _spacing(text, tokens, i, spaced, facts)) is not None:
            last, right = pair
            skip = last
            found.append(_wrong_name(text, token.start, tokens[last].start + len(tokens[last].lower), right))
            continue
        right_word = odd.get(token.lower)
        bare = token.text[: len(token.lower)]
        if right_word is not None:
            if bare != right_word and not bare.isupper():
                found.append(_wrong_name(text, token.start, token.start + len(bare), right_word))
            continue
        if len(token.lower) < 4 or token.lower in own or token.lower.rstrip("s") in odd:
            continue
        for lower, right_name in odd.items():
            most = 2 if len(lower) >= 7 else 1
            if abs(len(lower) - len(token.lower)) > most or token.lower[0] != lower[0]:
                continue
            off = distance(token.lower, lower, most)
            if off <= most and not (known(token.lower) and (off == 2 or token.text[0].islower())):
                found.append(_wrong_name(text, token.start, token.start + len(bare), right_name))
                break
        else:
            found += _neighbour(text, tokens, i, names) or _lookalike(text, token, names, facts)
    return found


def _spacing(text: str, tokens: list[Word], i: int, odd: dict[str, str], facts: str) -> tuple[int, str] | None:
    """ "Brew Buddy" or "Brew-Buddy" for BrewBuddy, "TidepathVPN" for "Tidepath VPN": its end and name."""
    joined = ""
    for last in range(i, min(i + 4, len(tokens))):
        if last > i and not re.fullmatch(r"[ -]|\s?&\s?", text[tokens[last - 1].end : tokens[last].start]):
            return None
        joined += tokens[last].lower.replace("'", "")
        right = odd.get(joined)
        if right is None:
            continue
        shown = text[tokens[i].start : tokens[last].start + len(tokens[last].lower)]
        pieces = len(re.findall(r"\w+", shown)), len(re.findall(r"\w+", right))
        if shown.islower() and all(listed(w) for w in re.findall(r"\w+", shown)):
            continue  # "oak wood" of Oakwood: ordinary words
        if re.search(rf"(?<!\w){re.escape(shown)}(?!\w)", facts):
            continue
        if pieces[0] != pieces[1] and "'" not in shown and "\u2019" not in shown and shown.lower() != right.lower():
            return last, right
    return None


def _lookalike(text: str, token: Word, names: tuple[str, ...], facts: str) -> list[Finding]:
    """ "Harlow" for "Harrow", "Hall" for "Hale": capitalised, one letter off a name of the brief, no form of it."""
    if not token.text[0].isupper() or len(token.lower) < 4 or token.text.isupper():
        return []
    if listed(token.lower) and (is_title_case(text) or opens_sentence(text, token.start)):
        return []  # a capital says nothing there
    for right in _capitals(names, facts):
        lower = right.lower()
        most = 3 if len(lower) >= 8 and not listed(token.lower) else 2 if len(lower) >= 6 else 1
        form = lower.startswith(token.lower) or token.lower.startswith(lower) or token.lower[:4] == lower[:4]
        alike = lower[0] == token.lower[0] and lower.rstrip("s") != token.lower.rstrip("s")
        if alike and (not form or len(lower) == len(token.lower) > 4) and distance(token.lower, lower, most) <= most:
            return [_wrong_name(text, token.start, token.start + len(token.lower), right)]
    return []


@lru_cache(maxsize=512)
def _capitals(names: tuple[str, ...], facts: str) -> tuple[str, ...]:
    """Words of the names, and words the brief always writes with a capital, not only to open a line."""
    small = {w.text for w in words(facts) if w.text.islower()}
    inner = {w.text for w in words(facts) if w.text[0].isupper() and not opens_sentence(facts, w.start)}
    own = {w.text for n in names for w in words(n) if not known(w.lower)}
    found = {w.removesuffix("'s").removesuffix("\u2019s") for w in inner | own}
    return tuple(sorted(w for w in found if len(w) >= 4 and w.lower() not in small and not w.isupper()))


def _neighbour(text: str, tokens: list[Word], i: int, names: tuple[str, ...]) -> list[Finding]:
    """ "Harlow & Pike" for "Harrow & Pike": a real word, but the rest of the name follows."""
    token = tokens[i]
    if not token.text[0].isupper() or len(token.lower) < 4:
        return []
    for name in names:
        head, _, tail = name.partition(" ")
        rest = text[token.end :].lstrip()
        follows = tail and head.lower() != token.lower and rest.lower().startswith(tail.lower())
        if follows and distance(token.lower, head.lower(), 2) <= 2:
            return [_wrong_name(text, token.start, token.end, head)]
    return []


_TITLE = re.compile(r"[A-Z][\w'-]+(?: (?:of|on|the|and|in|for|de|&) [A-Z][\w'-]+| [A-Z][\w'-]+)+")
_TITLED = re.compile(r"[A-Z][\w'-]+(?: (?:of|on|the|and|in|for|de|&|[A-Z][\w'-]+))*")


@lru_cache(maxsize=512)
def _titles(facts: str) -> tuple[tuple[str, ...], ...]:
    """Names of two to five words in the brief: runs of capitals in the middle of a line."""
    runs = (m[0].split() for m in _TITLE.finditer(facts) if m.start() and not opens_sentence(facts, m.start()))
    inner = (r[i:] for r in runs for i in range(len(r) - 1) if r[i][0].isupper())
    return tuple({tuple(r) for r in inner if 2 <= len(r) <= 5})


def check_titles(text: str, facts: str) -> list[Finding]:
    """NAME-001 for a name of several words with one of them changed: "Rain on Stone" of "Rain on Slate"."""
    least = 3 if is_title_case(text) else 2  # in Title Case two capitals are no name
    found: list[Finding] = []
    own, roots = own_words(facts), own_stems(facts)
    for run in _TITLED.finditer(text):
        shown = [
            (m[0].removesuffix("'s").removesuffix("\u2019s"), run.start() + m.start(), run.start() + m.end())
            for m in re.finditer(r"[\w'&-]+", run[0])
        ]
        for title in _titles(facts):
            quoted = text[run.start() - 1 : run.start()] in '"\u201c'
            for at in range(len(shown) - len(title) + 1):
                window = shown[at : at + len(title)]
                odd = [(w, t) for w, t in zip(window, title, strict=True) if w[0].lower() != t.lower()]
                if len(odd) == 1 and odd[0][0][0][0].isupper() and not found:
                    (word, start, end), right = odd[0]
                    kept = [t for t in title if t != right and t[0].isupper()]
                    told = any(p in own or stem(p) in roots for p in word.lower().split("-"))
                    near = word[0] == right[0] and distance(word.lower(), right.lower(), 2) <= 2
                    if kept and start > 0 and not told and (near or quoted or len(title) >= least):
                        found.append(_wrong_name(text, start, end, right))
    return found


def _wrong_name(text: str, start: int, end: int, right: str) -> Finding:
    return finding(
        "NAME-001", "correctness", "block", f"'{text[start:end]}' is spelled '{right}' in the brief.",
        fix=f"Write '{right}'.", replacement=right, start=start, end=end, source="brief",
    )  # fmt: skip
