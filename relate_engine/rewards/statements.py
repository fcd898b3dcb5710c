"""What a text says of a thing, held against the clause of the brief that speaks of the same thing.

Why: "parking that costs nothing extra" of "Parking $120 a month", "vegan, all of them" of "two of the four are vegan"
and "bag, valve and all" of "the valve is not compostable" state no figure and no name; only the clause of the brief
they paraphrase shows what is wrong. The clause is the one that shares most words and figures, rare words counting
more. Then four questions: does the brief charge for it, bound it, deny it, or call it a second place?
Leaves out: paraphrases that share no word with the brief, and what follows from two clauses together.
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re
from functools import lru_cache

from relate_engine.rewards.bounds import unbounded
from relate_engine.rewards.clauses import (
    LIGHT,
    Clause,
    Fault,
    figures_of,
    nearest,
    pieces,
    place_of,
    read_clauses,
    roots_of,
)
from relate_engine.rewards.measured import mismeasured
from relate_engine.rewards.quantities import quantities
from relate_engine.rewards.units import MONEY
from relate_engine.rewards.words import STOP, sentences, stem, words
from relate_engine.scorecard import Finding, finding

_GIVEN = re.compile(
    r"\b(?:free(?![- ](?:from|up|time))|complimentary|includ(?:ed|es|ing)|(?:at |for )?no (?:extra |added |"
    r"additional )?"
    r"(?:charge|cost)|on (?:us|the house)|waived|for nothing|thrown in|costs? (?:you )?nothing|"
    r"without paying|part of every|as standard|comes? with)\b|"
    r"n't cost (?:you )?(?:extra|a (?:cent|penny|thing)|anything)\b",
    re.I,
)
_PAID = re.compile(
    r"[$\u00a3\u20ac]\s?(?!0(?![.,]?\d))\d|\bextra\b|"
    r"(?<!\b[Nn]o )\bfees?\b|\bsurcharge\b|\bsold separately\b|\brental\b(?! [a-z])|\byou pay\b|"
    r"\bpaid\b|\d ?cents|\badd-on\b|\boptional\b|\bfor hire\b"
)
_NOT = re.compile(
    r"\b(?:not|never|no(?!-)|without|excluded|excludes|excluding|except|cannot|nor|neither)\b|n't\b|\bexcluded\b", re.I
)
# A text that says no itself, or speaks of trouble, of others or of doing without.
_SAYS_NO = re.compile(
    r"\b(?:not|no|never|cannot|none|nothing|without|zero|except|exclud\w+|but|skip\w*|aside|apart|left out|"
    r"(?:leav|stay)\w* [^.]*\bout|un[a-z]+ed|"
    r"only|minus|instead|"
    r"nor|neither|nobody|rather|extra|separate\w*|avoid\w*|free (?:of|from)|keep (?:it |them )?(?:away|off|out)|"
    r"than)\b|n't\b|-free\b",
    re.I,
)
_LEAVES_OUT = re.compile(
    r"\b(?:leav\w+|keep\w*|stay\w*) [^.]*\bout\b|"
    r"\bleave the [^.]*\b(?:in the (?:shop|store)|on the shelf|behind)\b|\bun[a-z]+ed (?:with|by)\b",
    re.I,
)
_OFFERS = re.compile(
    r"\b(?:includ\w+|with|and|plus|provided|supplied|offer\w*|available|get|accept\w*|free|comes?|welcome)\b", re.I
)
_NOT_GIVEN = re.compile(r"not (?:be |yet |currently )?(?:incl|offered|available|provided|supplied|accepted)", re.I)
_SECOND = re.compile(
    r"\b(?:runners?-up|finalists?|nominat\w+|nominees?|short-?list\w*|commended|second place|semi-?finalist|"
    r"came second|second (?:in|at|only))",
    re.I,
)
_FIRST = re.compile(r"\b(?:winn\w+|won(?!'t)|wins|best|award\w*|of the year|champions?|first place|gold)\b", re.I)
_YOUNG = re.compile(r"\b(?:newborns?|infants?|babies|baby)\b", re.I)
_AGED = re.compile(r"\b(?:over|from|ages?|aged) \d+|\d+ (?:months |years )?(?:and|or) (?:up|over|older)\b", re.I)


def check_statements(text: str, facts: str) -> list[Finding]:
    """CLM-019 for what the brief charges for, denies or ranks second; CLM-020 for what it bounds. `text`: "
    "names masked."""
    brief, weight = read_clauses(facts)
    found: list[Finding] = []
    at = 0
    for sentence in sentences(text):
        at = text.index(sentence, at)
        for start, end, rule, message, fix in (
            *_charged(sentence, brief, weight),
            *unbounded(sentence, text, brief, weight),
            *_denied(sentence, text, brief),
            *_second(sentence, text, brief),
            *mismeasured(sentence, brief, weight),
        ):
            found.append(
                finding(rule, "correctness", "warn", message, fix=fix, start=at + start, end=at + end, source="brief")
            )
    return found


def _charged(sentence: str, brief: tuple[Clause, ...], weight: dict[str, float]) -> list[Fault]:
    """Given free or included, where the nearest clause names a price for it and none gives it."""
    for at, piece in pieces(sentence):
        given = _GIVEN.search(piece)
        if given is None or re.search(r"[$\u00a3\u20ac]\d", piece):
            continue
        if "with" in given[0].lower() and not re.match(
            r" (?:every|each|all|any|your|the|it|them)\b", piece[given.end() :]
        ):
            piece = piece[given.end() :]  # "comes with a guide", but "visits come with every pair"
        scope = piece
        most, near = nearest(piece, brief, weight)
        if most < 0.5:
            scope = sentence
            most, near = nearest(sentence, brief, weight)
        if most < 0.5 or re.search(r"[$\u00a3\u20ac]\d", scope):
            continue
        if all(_PAID.search(c.text) and not (_GIVEN.search(c.text) or _with(piece, c.text)) for c in near):
            message = f"The brief charges for it: {near[0].text}."
            return [(at + given.start(), at + given.end(), "CLM-019", message, "Give its price, or leave it out.")]
    given = _GIVEN.search(sentence)
    if given is None or any(q.dim in MONEY for q in quantities(sentence)) or _SAYS_NO.search(sentence):
        return []
    paid = [c for c in brief if _PAID.search(c.text) and not _GIVEN.search(c.text)]
    free = frozenset().union(*(c.roots for c in brief if c not in paid))
    for clause in paid:
        if only := (_priced(clause) & roots_of(sentence)) - free - LIGHT:
            start, end = place_of(sentence, only)
            message = f"The brief charges for it: {clause.text}."
            return [(start, end, "CLM-019", message, "Give its price, or leave it out.")]
    return []


def _with(piece: str, clause: str) -> bool:
    """Does the clause give it with what it charges for: "rooms from $90 with breakfast"?"""
    return any(roots_of(m[1]) & roots_of(piece) for m in re.finditer(r"\bwith ([a-z]+)", clause))


@lru_cache(maxsize=2048)
def _priced(clause: Clause) -> frozenset[str]:
    """Stems of the words beside the price or the fee of a clause: what has to be paid for."""
    found: frozenset[str] = frozenset()
    for m in _PAID.finditer(clause.text):
        if not re.search(r"\b(?:no|without)(?: \w+)? $", clause.text[: m.start()]):
            found |= roots_of(" ".join(clause.text[: m.start()].split()[-4:] + clause.text[m.start() :].split()[:4]))
    return found


def _denied(sentence: str, text: str, brief: tuple[Clause, ...]) -> list[Fault]:
    """Affirmed where the brief denies it of the same thing: two of the clause's words, and no "no" of its own."""
    says_no = _SAYS_NO.search(sentence) is not None
    own = roots_of(sentence)
    if _LEAVES_OUT.search(sentence):
        return []
    for clause, before, after, given in _denials(brief):
        if says_no and (not _asserts(sentence, after) or _denies_itself(sentence, before)):
            continue
        ahead, behind = before & own - LIGHT, roots_of(after) & own - LIGHT
        whole = bool(before) and given and before <= own and _OFFERS.search(sentence) is not None
        both = bool(ahead) and (bool(behind) or (not roots_of(after) and len(ahead) >= 2))
        if whole or both or (not before and len(behind) >= 2):
            start, end = place_of(sentence, ahead | behind | (before if whole else frozenset()))
            return [(start, end, "CLM-019", f"The brief says: {clause}.", "Say what the brief says.")]
    if (
        not says_no
        and (young := _YOUNG.search(sentence))
        and not re.search(r"\bbab(?:y|ies)\b|newborn|infant", _affirmed(brief), re.I)
    ):
        aged = [c for c in brief if _AGED.search(c.text) or (_NOT.search(c.text) and _YOUNG.search(c.text))]
        if aged and not figures_of(text) & aged[0].figures:
            message = f"The brief says: {aged[0].text}."
            return [(young.start(), young.end(), "CLM-019", message, "Say what the brief says.")]
    return []


@lru_cache(maxsize=512)
def _denials(brief: tuple[Clause, ...]) -> tuple[tuple[str, frozenset[str], str, bool], ...]:
    """Of each denial: its clause, the stems of what it is said of, the words denied, and is it "not included"."""
    found = []
    for clause in brief:
        for part in re.split(r",\s|\s(?:so|but|because)\s", clause.text):
            no = _NOT.search(part)
            if no is None or re.search(r"\b(?:if|until|when|unless|I|my|just|only|need|needs)\b", part):
                continue
            before, after = roots_of(part[: no.start()]), part[no.end() :]
            if re.match(r"(?:no|without|nor|neither|never)$", no[0], re.I):
                if before:
                    continue  # "tap water, no plumbing" denies what follows only
                after = " ".join(after.split()[:4])
                if re.search(r"\b(?:fees?|extra)\b", after):
                    continue
            elif not after.strip():
                before = before if _EXCLUDED.match(no[0]) else before | clause.roots
            found.append((clause.text, before, after, _NOT_GIVEN.match(part[no.start() :]) is not None))
    return tuple(found)


_EXCLUDED = re.compile(r"exclud", re.I)


def _asserts(sentence: str, denied: str) -> bool:
    """Does a sentence that says no of something still affirm what is denied: "we guarantee" of "not guaranteed"?"""
    head = next((w for w in words(denied) if w.lower not in STOP), None)
    same = [w for w in words(sentence) if head is not None and stem(w.lower) == stem(head.lower)]
    return bool(same) and not any(_SAYS_NO.search(sentence[: w.start]) for w in same)


def _denies_itself(sentence: str, things: frozenset[str]) -> bool:
    """Does the sentence say no of one of the things: "the filling is not", "no boarding"?"""
    return any(
        re.search(r"\b(?:no|not|never|without)(?: \w+){0,2} $", sentence[: w.start], re.I)
        or re.match(
            r" (?:(?:is |are |was |were )?(?:not\b|isn't|aren't)|aside|apart|excepted|excluded)",
            sentence[w.end :],
            re.I,
        )
        for w in words(sentence)
        if roots_of(w.text) & things
    )


def _affirmed(brief: tuple[Clause, ...]) -> str:
    return "\n".join(c.text for c in brief if not _NOT.search(c.text))


def _second(sentence: str, text: str, brief: tuple[Clause, ...]) -> list[Fault]:
    """ "Pan of the Year" of a runner-up."""
    if _SECOND.search(text):
        return []
    best = re.search(
        r"\b(?:Voted|Named|Winner|Awarded)\b.*?\bBest ((?-i:[A-Z])[\w'-]+(?: (?-i:[A-Z])[\w'-]+)*)", sentence, re.I
    )
    if best and any(re.search(r"\bbest\b", c.text, re.I) for c in brief) and best[1][0].isupper():
        title = [w for w in words(best[1]) if w.text[0].isupper() and w.lower not in STOP]
        known = frozenset().union(*(c.roots for c in brief))
        if title and not roots_of(title[-1].text) & known:
            message = f"'Best {best[1]}' is an award that is not in the brief."
            return [(best.start(1), best.end(1), "CLM-019", message, "Name the award as the brief does.")]
    won = _FIRST.search(sentence)
    if won is None:
        return []
    own = roots_of(sentence)
    for clause in brief:
        if _SECOND.search(clause.text) and len((clause.roots & own) - LIGHT) >= 2:
            message = f"The brief says: {clause.text}."
            return [(won.start(), won.end(), "CLM-019", message, "Say which place it was.")]
    return []
