"""Misspelled words, and names of the brief that are spelled nearly right.

Why: a typo costs trust, and a wrong name is a text for somebody else's product. The dictionary is the
English list that ships with pyspellchecker, loaded once; British spellings are read as their American twin,
compounds and prefixed words as their parts, and every word of the brief is right by definition. A
replacement is offered only when one suggestion stands out (it is in the brief, or ten times as frequent as
the next).
Leaves out: real words in the wrong place ("form" for "from"), grammar, and capitalised words that look like
names.
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re
from functools import lru_cache

from spellchecker import SpellChecker

from relate_engine.rewards.words import Word, is_title_case, stem, word_set, words
from relate_engine.scorecard import Finding, finding

# What the list is too old for, and what is written small in ads.
_MODERN = word_set(
    """app apps inbox online offline wifi login logins signup podcast podcasts vlog selfie emoji hashtag
    smartphone ebook ebooks ecommerce website websites webcam backend frontend uptime workflow workflows
    dashboard startup startups crypto bitcoin fintech ebike ebikes vape keto vegan vegans matcha chai
    boba kombucha kimchi quinoa tofu oat probiotic probiotics prebiotic ceramide ceramides squalane
    niacinamide retinol hyaluronic serum serums moisturiser moisturisers haircare skincare bodycare
    cardio pilates kettlebell kettlebells activewear athleisure workwear eyewear loungewear swimwear
    kidswear timesheet timesheets rulebook playdate playdates staycation staycations houseguest
    houseguests untick unbox unboxing rebook rebooking rebalance rebalancing varifocal varifocals
    countertop compostable upcycle upcycled resize onboarding helpdesk ransomware captcha paywall
    autopay autoship barista baristas cafe cafes microfiber microfibre memory-foam tv tvs diy evs ev usb
    led lcd pc pcs gps pdf atm vip faq vs etc ok okay mg ml kg cm mm km lb lbs oz ft sq kwh gb tb mb rpm
    psi uv spf am pm hrs mins yrs uk us usa eu nyc habla espanol doorstep takeout takeaway bedsheet bedsheets
    sleepwear earbud
    earbuds preorder olds restock restocked subtotal multi meetup meetups"""
)
_SPELLINGS = (
    (re.compile(r"our(?=s?$|ed$|ing$|ful|able|ite|less|er|y$)"), "or"),
    (re.compile(r"is(?=e$|es$|ed$|ing$|er$|ers$|ation|able)"), "iz"),
    (re.compile(r"ys(?=e$|es$|ed$|ing$|er$)"), "yz"),
    (re.compile(r"tre(?=s?$)"), "ter"),
    (re.compile(r"bre(?=s?$)"), "ber"),
    (re.compile(r"ogue(?=s?$)"), "og"),
    (re.compile(r"ll(?=ed$|ing$|er$|ers$|ery$)"), "l"),
    (re.compile(r"([^l])l(?=ed$|ing$|er$|ers$)"), r"\1ll"),
    (re.compile(r"ence(?=s?$)"), "ense"),
    (re.compile(r"amme(?=s?$)"), "am"),
    (re.compile(r"oul(?=d)"), "ol"),
    (re.compile(r"inium$"), "inum"),
    (re.compile(r"ellery$"), "elry"),
    (re.compile(r"ae"), "e"),
)
_PREFIX = re.compile(
    r"^(?:un|re|pre|non|over|under|anti|multi|micro|mini|semi|super|self|out|up|de|co|sub|inter|mid)(?=\w{3})"
)
_SLIP = 20
_CLEAR = 10  # times as frequent as the runner-up


@lru_cache(maxsize=1)
def _checker() -> SpellChecker:
    return SpellChecker(language="en", distance=1)


def _listed(word: str) -> bool:
    return word in _MODERN or word in _checker().word_frequency.dictionary


@lru_cache(maxsize=20_000)
def known(word: str) -> bool:
    """Is this lower-case word English, in either spelling, or made of English parts?"""
    if len(word) < 3 or _listed(word) or _listed(word.replace("'", "")):
        return True
    if re.search(r"(.)\1\1", word):
        return False
    variants = {rule.sub(new, word) for rule, new in _SPELLINGS} - {word}
    if any(_listed(v) for v in variants):
        return True
    for ending in ("s", "es", "er", "ers", "ed", "ing", "ly", "less", "able", "ness", "y"):
        base = word.removesuffix(ending)
        if (
            base != word
            and len(base) >= 4
            and (
                base in _MODERN
                or (ending in {"less", "able", "ness"} and _listed(base))
                or (ending == "ers" and _frequent(base))
            )
        ):
            return True
    if (part := _PREFIX.sub("", word)) != word and len(part) >= 4 and _listed(part):
        return True
    return any(
        _frequent(word[:i]) and _frequent(word[i:]) for i in range(4, len(word) - 3)
    )  # "kettlebell": two real words of four letters or more


def _frequent(word: str) -> bool:
    return int(_checker().word_frequency.dictionary.get(word, 0)) >= 1000


def frequency(word: str) -> int:
    """How often the dictionary has seen a word; a compound counts as often as its rarer half."""
    table = _checker().word_frequency.dictionary
    pairs = [min(int(table.get(word[:i], 0)), int(table.get(word[i:], 0))) for i in range(4, len(word) - 3)]
    rest = int(table.get(word.rstrip("s"), 0)), 1000 * (word in _MODERN)
    return max(int(table.get(word, 0)), *rest, *pairs, 0)


def _single(word: str) -> str:
    return re.sub(r"(.)\1+", r"\1", word)


@lru_cache(maxsize=5_000)
def suggestions(word: str) -> tuple[tuple[str, int], ...]:
    """Dictionary words one edit away, most frequent first."""
    if len(word) > 25:
        return ()
    frequency = _checker().word_frequency.dictionary
    near = {w: int(frequency[w]) for w in _checker().edit_distance_1(word) if w in frequency}
    # swapped and doubled letters are the commonest slips by far
    near = {w: n * _SLIP if sorted(w) == sorted(word) or _single(w) == _single(word) else n for w, n in near.items()}
    return tuple(sorted(near.items(), key=lambda item: -item[1])[:5])


def _best(word: str, own: frozenset[str]) -> str | None:
    near = suggestions(word)
    if mine := [w for w in own if abs(len(w) - len(word)) <= 1 and len(w) > 3 and distance(w, word, 1) == 1]:
        return mine[0] if len(mine) == 1 else None
    if not near or near[0][1] < 500 or (len(near) > 1 and near[0][1] < _CLEAR * near[1][1]):
        return None
    return near[0][0]


def distance(a: str, b: str, limit: int) -> int:
    """Edits (insert, delete, replace, swap neighbours) between two words; `limit` + 1 when more."""
    if abs(len(a) - len(b)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, last = row, before
        row = [i]
        for j, y in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
    return min(row[-1], limit + 1)


def check_spelling(text: str, own: frozenset[str], taken: list[tuple[int, int]]) -> list[Finding]:
    """EDT-016 for every misspelled word. `own` = the brief's words, small; `taken` = spans judged already."""
    found = []
    title = is_title_case(text)
    for word in words(text):
        if any(s < word.end and word.start < e for s, e in taken) or word.lower in own or known(word.lower):
            continue
        if (
            any(word.lower.removesuffix(e) in own for e in ("s", "es", "ed", "er"))
            or (word.text.isupper() and len(word.text) <= 6)
            or not word.text.isascii()
        ):
            continue
        if any(c.isupper() for c in word.text[1:]) and not word.text.isupper():
            continue  # iPhone, MacBook
        best = _best(word.lower, own)
        if word.text[0].isupper():
            first = opens_sentence(text, word.start)
            if not (title or first) or best is None or len(word.lower) < 6 or _rare(best):
                continue  # a name, as far as we can know
        replacement = _cased(best, word) if best else None
        found.append(
            finding(
                "EDT-016", "correctness", "warn", f"'{word.text}' looks misspelled.",
                fix=f"Write '{replacement}'." if replacement else "Correct it, or add the word to the brief.",
                replacement=replacement, source="dictionary",
                start=word.start, end=word.start + len(word.lower),
            )
        )  # fmt: skip
    return found


def _rare(word: str) -> bool:
    return int(_checker().word_frequency.dictionary.get(word, 10_000)) < 5_000


def opens_sentence(text: str, start: int) -> bool:
    before = text[:start].rstrip(" \"'\u201c\u2018(")
    if re.search(r"\b(?:Dr|Mr|Mrs|Ms|St|Mt|Ft)\.$", before):
        return False
    return not before or before[-1] in ".!?:;\u2013\u2014|\u2022\n" or before.endswith(" -")


def _cased(word: str, like: Word) -> str:
    if like.text.isupper() and len(like.text) > 1:
        return word.upper()
    return word[0].upper() + word[1:] if like.text[0].isupper() else word


def distinctive(names: tuple[str, ...], facts: str) -> dict[str, str]:
    """Words of the names that are no English word and never written small in the brief: small -> right."""
    found = {}
    small = {w.text for w in words(facts) if w.text.islower()}
    for name in names:
        for word in words(name):
            strange = (not _listed(word.lower) and word.lower not in small) or any(c.isupper() for c in word.text[1:])
            if len(word.lower) >= 4 and strange and not word.text.isupper():
                found[word.lower] = word.text.removesuffix("'s").removesuffix("\u2019s")
    return found


def check_names(text: str, names: tuple[str, ...], facts: str, own: frozenset[str]) -> list[Finding]:
    """NAME-001 for a name of the brief in the wrong case, spacing or one or two letters off."""
    tokens, odd = words(text), distinctive(names, facts)
    found = []
    joined = {re.sub(r"[\W_]", "", n).lower(): n for n in names if len(n) > 4}
    skip = -1
    for i, token in enumerate(tokens):
        if i <= skip:
            continue
        if (pair := _spacing(text, tokens, i, odd | joined)) is not None:
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


def _spacing(text: str, tokens: list[Word], i: int, odd: dict[str, str]) -> tuple[int, str] | None:
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
        if pieces[0] != pieces[1] and "'" not in shown and "\u2019" not in shown and shown.lower() != right.lower():
            return last, right
    return None


def _lookalike(text: str, token: Word, names: tuple[str, ...], facts: str) -> list[Finding]:
    """ "Harlow" for "Harrow", "Hall" for "Hale": capitalised, one letter off a name of the brief, no form of it."""
    if not token.text[0].isupper() or len(token.lower) < 4 or token.text.isupper():
        return []
    if _listed(token.lower) and (is_title_case(text) or opens_sentence(text, token.start)):
        return []  # a capital says nothing there
    for right in _capitals(names, facts):
        lower = right.lower()
        most = 3 if len(lower) >= 8 and not _listed(token.lower) else 2 if len(lower) >= 6 else 1
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
    own = {w.lower for w in words(facts)}
    roots = {stem(w) for w in own}
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
