"""What a text says of a thing, held against the clause of the brief that speaks of the same thing.

Why: "parking that costs nothing extra" of "Parking $120 a month", "vegan, all of them" of "two of the four are vegan"
and "bag, valve and all" of "the valve is not compostable" state no figure and no name; only the clause of the brief
they paraphrase shows what is wrong. The clause is the one that shares most words and figures, rare words counting
more. Then four questions: does the brief charge for it, bound it, deny it, or call it a second place?
Leaves out: paraphrases that share no word with the brief, and what follows from two clauses together.
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from relate_engine.rewards.quantities import MONEY, Quantity, equal, number_of, quantities
from relate_engine.rewards.words import STOP, stem, words
from relate_engine.scorecard import Finding, finding

_CLAUSE = re.compile(r"[.;!?](?:\s|$)|\n|,\s(?=(?:but|not|except|while)\b)|\s(?=and [a-z]+ (?:for|cost))")
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n")
_SEGMENT = re.compile(r"[,;:]\s|\s[\u2013\u2014-]\s|\s(?:and|but|plus|then)\s|[.!?](?:\s|$)")
_FIGURE = re.compile(r"\d[\d,]*(?:\.\d+)?|[A-Za-z]+")
_GIVEN = re.compile(
    r"\b(?:free(?![- ](?:from|up|time))|complimentary|includ(?:ed|es|ing)|(?:at |for )?no (?:extra |added |additional )?"
    r"(?:charge|cost)|on (?:us|the house)|waived|for nothing|thrown in|costs? (?:you )?nothing|"
    r"without paying|comes? with)\b|n't cost (?:you )?(?:extra|a (?:cent|penny|thing)|anything)\b",
    re.I,
)
_PAID = re.compile(
    r"[$\u00a3\u20ac]\s?\d|\bextra\b|\bfees?\b|\bsurcharge\b|\bsold separately\b|\brental\b|\byou pay\b|\bpaid\b|\d ?cents"
)
_SWEEP = re.compile(
    r"\b(?:each and every|every(?! (?:day|week|month|year|morning|night|evening|time|other|two|three|four|six|\d|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day))(?:one|body|thing|where)?(?! else)|any(?:one|body|thing|where|time)?"
    r"|until the day|all(?! (?:in|day|night|year|over|natural|about|your money|the way|three|four|five|six|in one)\b)|always|ever|"
    r"no limits?|no exceptions?|no notice|unlimited|nationwide|worldwide|a penny|completely|entirely|your first day|"
    r"day one|both ways|at all|the whole|in full|either way|alike|everything)\b",
    re.I,
)
_AGAINST = re.compile(
    r"\b(?:whatever|whenever|wherever|whoever|no matter|regardless|even (?:if|when|at|on|the|after|before|once|though)|whether or not|"
    r"right up to|no questions asked|just one|no [a-z]+ (?:needed|required|necessary)|(?:a|every|one) single(?! (?:dollar|cent|penny)))\b",
    re.I,
)
_NUMBER = r"(?:\d+|two|three|four|five|six|seven|eight|nine|ten|twelve)"
_BOUND = re.compile(
    rf"\b(?:{_NUMBER} of(?= (?:the|its|our|your|them|every))|most|some|select(?:ed)?|participating|many(?= )|may|"
    r"usually|typically|(?:except|excludes?|excluding|not) [^,.;\n]+|extra|separately|you pay|quoted|"
    r"every (?:second|third|fourth|fifth|sixth|tenth)|who (?:have |are )?[a-z]+[^,.;\n]*|"
    r"(?:when|if|unless|provided|once|while|caused by|against|before|after|until|through|inside|within|under|over|"
    r"during|on orders|up to) [^,.;\n]+|for (?:the )?(?:[a-z-]+ )?[a-z]+s\b|for (?:over|under)-?\d+s?|for [a-z]+ use|on (?:the|our) [a-z]+ [a-z]+|for (?:the )?(?:original|first|new|approved|eligible) [a-z]+|[a-z-]+ only|only [a-z-]+|"
    rf"{_NUMBER} (?:[a-z]+ ){{0,2}}or more)\b",
    re.I,
)
_PART = re.compile(
    rf"{_NUMBER} of|most|some|select|participating|usually|typically|may|every |who |[a-z-]+ only|only|except|exclud|not ",
    re.I,
)
# A clause that promises something, so that its bounds matter.
_OFFER = re.compile(
    r"\b(?:free|refund\w*|money[- ]back|cancel\w*|replac\w+|repair\w*|warrant\w+|guarant\w+|returns?|exchang\w+|discount\w*|"
    r"off|save|apr|cover\w*|insur\w+|pay|paid|penalt\w+|includ\w+|ship\w*|deliver\w*|same[- ]day|match\w*|doubled?|exam|"
    r"certificat\w+|sedation|available|accept\w*|qualif\w+|approv\w+|deposit|down|gift|fix|rebates?|sign-on)\b|\d ?%",
    re.I,
)
_NOT = re.compile(
    r"\b(?:not|never|no|without|excluded|excludes|excluding|except|cannot|nor|neither)\b|n't\b|\bexcluded\b", re.I
)
# A text that says no itself, or speaks of trouble, of others or of doing without.
_SAYS_NO = re.compile(
    r"\b(?:not|no|never|none|nothing|without|zero|except|exclud\w+|but|skip\w*|aside|apart|left out|only|minus|instead|"
    r"nor|neither|rather|extra|separate\w*|avoid\w*|free (?:of|from)|keep (?:it |them )?(?:away|off|out)|than)\b|n't\b|-free\b",
    re.I,
)
_NOT_GIVEN = re.compile(r"not (?:be |yet |currently )?(?:incl|offered|available|provided|supplied|accepted)", re.I)
_SECOND = re.compile(
    r"\b(?:runners?-up|finalists?|nominat\w+|nominees?|short-?list\w*|commended|second place|semi-?finalist|came second|second (?:in|at|only))", re.I
)
_FIRST = re.compile(r"\b(?:winn\w+|won(?!'t)|wins|best|award\w*|of the year|champions?|first place|gold)\b", re.I)
_YOUNG = re.compile(r"\b(?:newborns?|infants?|babies|baby)\b", re.I)
_AGED = re.compile(r"\b(?:over|from|ages?|aged) \d+|\d+ (?:months |years )?(?:and|or) (?:up|over|older)\b", re.I)
_BACK = re.compile(r"\b(?:your |every |the |all )*(?:money|dollar|penny|cent) back\b|\bmoney[- ]back\b", re.I)
_ONE_WORD = {
    stem(word): stem(group[0])
    for group in (
        ("child", "children", "kids", "kid", "toddlers"), ("infant", "newborn", "newborns", "baby", "babies"),
        ("ship", "shipping", "delivery", "deliver", "post", "postage"), ("collect", "pickup", "collection"),
        ("warranty", "guarantee", "guaranteed", "cover", "covered", "backed"), ("discount", "off", "save", "savings"),
        ("test", "exam", "check"), ("refund", "refunded", "refundable"), ("repair", "fix", "mend"),
        ("cancel", "cancellation", "quit"), ("picture", "photo"), ("car", "auto"), ("doctor", "physician"),
    )
    for word in group
}  # fmt: skip
_LIGHT = frozenset(
    stem(w)
    for w in """free comes come include includes included extra charge cost costs pay fee get make give need want day
    week month year night hour minute day time way one home new year-round""".split()
)


@dataclass(frozen=True)
class Clause:
    text: str
    roots: frozenset[str]
    figures: frozenset[float]


def check_statements(text: str, facts: str) -> list[Finding]:
    """CLM-019 for what the brief charges for, denies or ranks second; CLM-020 for what it bounds. `text`: names masked."""
    brief, weight = _read(facts)
    found: list[Finding] = []
    at = 0
    for sentence in _SENTENCE.split(text):
        at = text.index(sentence, at)
        for start, end, rule, message, fix in (
            *_charged(sentence, brief, weight),
            *_unbounded(sentence, text, brief, weight),
            *_denied(sentence, text, brief),
            *_second(sentence, text, brief),
            *_measured(sentence, brief, weight),
        ):
            found.append(
                finding(
                    rule, "correctness", "warn", message, fix=fix, start=at + start, end=at + end, source="brief"
                )  # fmt: skip
            )
    return found


_Fault = tuple[int, int, str, str, str]


@lru_cache(maxsize=512)
def _read(facts: str) -> tuple[tuple[Clause, ...], dict[str, float]]:
    """The clauses of a brief after its title, and the weight of each stem: one over the clauses that have it."""
    parts = [p.strip() for p in _CLAUSE.split(facts) if p and p.strip()]
    brief: list[Clause] = []
    for part in parts:
        roots = roots_of(part)
        if brief and re.search(r"\b(?:is|are|does|do|was|were) ?(?:not|n't)$", part, re.I):
            roots |= roots_of(re.split(r"\b(?:is|are|does|do|was|were)\b", brief[-1].text, maxsplit=1)[-1])
        brief.append(Clause(part, roots, figures_of(part)))
    count = Counter(r for c in brief for r in c.roots)
    return tuple(brief), {r: 1 / n for r, n in count.items()}


@lru_cache(maxsize=4096)
def roots_of(text: str) -> frozenset[str]:
    """Stems of the content words, one stem for words that mean the same in an offer."""
    plain = _BACK.sub("refund", text)
    found = (stem(w.lower) for w in words(plain) if w.lower not in STOP and len(w.text) > 1)
    return frozenset(_ONE_WORD.get(root, root) for root in found)


@lru_cache(maxsize=4096)
def figures_of(text: str) -> frozenset[float]:
    """The numbers of a text, in figures or words; ordinals too."""
    return frozenset(n for m in _FIGURE.finditer(text) if (n := number_of(m[0])) is not None)


def _overlap(piece: str, clause: Clause, weight: dict[str, float]) -> float:
    own = roots_of(piece)
    starts = {r[:6] for r in own if len(r) >= 6}
    shared = {r for r in clause.roots if r in own or r[:6] in starts} - _LIGHT
    return sum(weight.get(r, 0) for r in shared) + len(figures_of(piece) & clause.figures)


def _nearest(piece: str, brief: tuple[Clause, ...], weight: dict[str, float]) -> tuple[float, list[Clause]]:
    scored = [(_overlap(piece, c, weight), c) for c in brief]
    most = max((s for s, _ in scored), default=0.0)
    return most, [c for s, c in scored if most > 0 and s >= most - 1e-9]


def _pieces(sentence: str) -> list[tuple[int, str]]:
    """The segments of a sentence with their places."""
    found, at = [], 0
    for m in _SEGMENT.finditer(sentence):
        found.append((at, sentence[at : m.start()]))
        at = m.end()
    return [*found, (at, sentence[at:])]


def _charged(sentence: str, brief: tuple[Clause, ...], weight: dict[str, float]) -> list[_Fault]:
    """Given free or included, where the nearest clause names a price for it and none gives it."""
    for at, piece in _pieces(sentence):
        given = _GIVEN.search(piece)
        if given is None or re.search(r"[$\u00a3\u20ac]\d", piece):
            continue
        piece = sentence if "with" in given[0].lower() else piece
        scope = piece
        most, near = _nearest(piece, brief, weight)
        if most < 0.5:
            scope = sentence
            most, near = _nearest(sentence, brief, weight)
        if most < 0.5 or re.search(r"[$\u00a3\u20ac]\d", scope):
            continue
        if all(_PAID.search(c.text) and not _GIVEN.search(c.text) for c in near):
            message = f"The brief charges for it: {near[0].text}."
            return [(at + given.start(), at + given.end(), "CLM-019", message, "Give its price, or leave it out.")]
    given = _GIVEN.search(sentence)
    if given is None or any(q.dim in MONEY for q in quantities(sentence)) or _SAYS_NO.search(sentence):
        return []
    paid = [c for c in brief if _PAID.search(c.text) and not _GIVEN.search(c.text)]
    free = frozenset().union(*(c.roots for c in brief if c not in paid))
    for clause in paid:
        if only := (clause.roots & roots_of(sentence)) - free - _LIGHT:
            start, end = _place(sentence, only)
            message = f"The brief charges for it: {clause.text}."
            return [(start, end, "CLM-019", message, "Give its price, or leave it out.")]
    return []


def _unbounded(sentence: str, text: str, brief: tuple[Clause, ...], weight: dict[str, float]) -> list[_Fault]:
    """For all, always or whatever happens, where the nearest clause sets a bound the text does not tell."""
    for at, piece in _pieces(sentence):
        sweep = _AGAINST.search(piece) or _SWEEP.search(piece)
        if sweep is None:
            continue
        if _BOUND.search(piece[sweep.end() :]):
            continue  # "any time in the first five years"
        against = _AGAINST.match(sweep[0]) is not None
        most, near = _nearest(piece, brief, weight)
        if most < 0.5:
            most, near = _nearest(sentence, brief, weight)
        if most < 0.5:
            continue
        phrase = re.escape(sweep[0]) + (r"\s+" + re.escape(m[1]) if (m := re.match(r"\s+(\w+)", piece[sweep.end() :])) else "")
        if any(re.search(rf"\b{phrase}", c.text, re.I) for c in brief):
            continue
        for clause in near:
            bounds = [b[0] for b in _BOUND.finditer(clause.text)]
            if not _OFFER.search(clause.text):
                bounds = [b for b in bounds if _PART.match(b)]
            if "single" in sweep[0] or "just one" in sweep[0]:
                bounds = [b for b in bounds if figures_of(b)]
            if re.match(r"every|each|all", sweep[0], re.I) and re.search(r"\b(?:each|all)\b|every (?![a-z]+th\b)", clause.text, re.I):
                continue
            open_ = [b for b in bounds if (against and not figures_of(b) & figures_of(text)) or not _told(b, text)]
            if open_ and len(open_) == len(bounds):
                message = f"'{sweep[0]}' promises more than the brief, which says: {clause.text}."
                fix = "Say for whom, for what and until when, as the brief does."
                return [(at + sweep.start(), at + sweep.end(), "CLM-020", message, fix)]
    return []


def _told(bound: str, text: str) -> bool:
    """Does the text give this bound in its own way?"""
    if re.search(r"\bonly\b", bound, re.I):
        return re.search(r"\b(?:only|just|alone|except|not)\b|n't\b", text, re.I) is not None
    if figures := figures_of(bound):
        return bool(figures & figures_of(text))
    roots = roots_of(bound)
    return 2 * len(roots & roots_of(text)) > len(roots) if roots else bound.lower() in text.lower()


def _denied(sentence: str, text: str, brief: tuple[Clause, ...]) -> list[_Fault]:
    """Affirmed where the brief denies it of the same thing: two of the clause's words, and no "no" of its own."""
    says_no = _SAYS_NO.search(sentence) is not None
    own = roots_of(sentence)
    for clause, before, after, given in _denials(brief):
        if says_no and not _asserts(sentence, after):
            continue
        ahead, behind = before & own - _LIGHT, roots_of(after) & own - _LIGHT
        whole = bool(before) and given and before <= own
        both = bool(ahead) and (bool(behind) or (not roots_of(after) and len(ahead) >= 2))
        if whole or both or (not before and len(behind) >= 2):
            start, end = _place(sentence, ahead | behind | (before if whole else frozenset()))
            return [(start, end, "CLM-019", f"The brief says: {clause}.", "Say what the brief says.")]
    if not says_no and (young := _YOUNG.search(sentence)) and not re.search(r"\bbab(?:y|ies)\b|newborn", _affirmed(brief), re.I):
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
        for part in re.split(r",\s|\s(?:and|so|but|because)\s", clause.text):
            no = _NOT.search(part)
            if no is None or re.search(r"\b(?:if|until|when|unless|I|my|just|only|need|needs)\b", part):
                continue
            before, after = roots_of(part[: no.start()]), part[no.end() :]
            if re.match(r"(?:no|without|nor|neither|never)$", no[0], re.I):
                if before:
                    continue  # "tap water, no plumbing" denies what follows only
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


def _measured(sentence: str, brief: tuple[Clause, ...], weight: dict[str, float]) -> list[_Fault]:
    """A figure of one clause said of the thing of another: "14 days in the fridge" of "four days in the fridge"."""
    for q in quantities(sentence):
        if not q.dim or q.dim in {"clock", "pct"}:
            continue
        kin = [(c, k) for whole in brief for c in _parts(whole) for k in _of(c.text) if k.dim == q.dim]
        same = [c for c, k in kin if equal(q, k)]
        others = [c for c, k in kin if c not in same and not equal(q, k)]
        if not same or not others:
            continue
        near = sentence[: q.start] + sentence[q.end :]
        best = max(_shared(near, c, weight) for c in same)
        rival = max(others, key=lambda c: _shared(near, c, weight))
        joined = q.dim not in MONEY and _joined(near, frozenset().union(*(c.roots for c in same)), rival.roots)
        if _told_figures(rival, sentence):
            continue
        plain = roots_of(near)
        apart = best == 0 and not any(plain & c.roots for c in same)
        if joined or (apart and _shared(near, rival, weight) >= 0.5):
            message = f"'{sentence[q.start : q.end]}' is said of another thing; the brief says: {rival.text}."
            return [(q.start, q.end, "CLM-019", message, "Say what the brief says it of.")]
    return []


@lru_cache(maxsize=2048)
def _parts(clause: Clause) -> tuple[Clause, ...]:
    """ "5 years on canvas", "2 years on zips" of one clause with several figures."""
    parts = re.split(r",\s(?:and\s)?(?=\$?\d)", clause.text)
    return tuple(Clause(p, roots_of(p), figures_of(p)) for p in parts)


def _told_figures(clause: Clause, text: str) -> bool:
    return bool(clause.figures & figures_of(text))


def _joined(text: str, ours: frozenset[str], theirs: frozenset[str]) -> bool:
    """Is a thing of the figure's own clause joined to one of the other's: "castings, glass and gaskets"?"""
    for m in re.finditer(r"([A-Za-z'-]+)(?:,? (?:and|or|&) (?:the |your )?|, )([A-Za-z'-]+)", text):
        a, b = roots_of(m[1]) - _LIGHT, roots_of(m[2]) - _LIGHT
        if (a & ours - theirs and b & theirs - ours) or (b & ours - theirs and a & theirs - ours):
            return True
    return False


@lru_cache(maxsize=4096)
def _of(text: str) -> tuple[Quantity, ...]:
    return tuple(quantities(text, brief=True))


def _shared(piece: str, clause: Clause, weight: dict[str, float]) -> float:
    promise = {_ONE_WORD[stem("warranty")]}
    return sum(weight.get(r, 0) for r in clause.roots & roots_of(piece) - _LIGHT - promise)


def _affirmed(brief: tuple[Clause, ...]) -> str:
    return "\n".join(c.text for c in brief if not _NOT.search(c.text))


def _second(sentence: str, text: str, brief: tuple[Clause, ...]) -> list[_Fault]:
    """ "Pan of the Year" of a runner-up."""
    if _SECOND.search(text):
        return []
    own = roots_of(sentence)
    for clause in brief:
        won = _FIRST.search(sentence)
        if _SECOND.search(clause.text) and won and len((clause.roots & own) - _LIGHT) >= 2:
            message = f"The brief says: {clause.text}."
            return [(won.start(), won.end(), "CLM-019", message, "Say which place it was.")]
    return []


def _place(sentence: str, roots: frozenset[str]) -> tuple[int, int]:
    spot = next((w for w in words(sentence) if roots_of(w.text) & roots), words(sentence)[0])
    return spot.start, spot.end
