"""Features that the brief does not mention: a built-in lamp, a whisper-quiet mode, a finish that resists mould.

Why: what a thing has and does is what people pay for, and a writer adds one more in plain words. A feature is read
from its form: a compound ("self-cleaning", "rain-resistant"), an adjective of build ("heated", "wireless"), a thing it
comes with, and what it wards off, senses or turns into. It is supported where any of its own words stands in the brief.
Leaves out: features told in other forms, and paraphrases by meaning, which a caution would hit too often.
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from relate_engine.denial import denied_at
from relate_engine.rewards.relevance import listed
from relate_engine.rewards.units import number_of
from relate_engine.rewards.words import STOP, stem, word_set, words
from relate_engine.scorecard import Finding, finding

Span = tuple[int, int]
_COMPOUND = re.compile(
    r"\b(?P<head>[a-z]+)-(?P<tail>quiet|silent|proof|resistant|repellent|tight|safe|friendly|compatible|ready|enabled|"
    r"controlled|powered|activated|heated|cooled|lined|coated|treated|infused|enriched|fortified|cancelling|canceling|"
    r"absorbing|wicking|drying|cleaning|folding|locking|sealing|adjusting|adjustable|watering|charging|timed|filled|"
    r"padded|insulated|reinforced|tested|trained|sprung|lit|rated|grade|level|style|fast|cut|scented|flavou?red|"
    r"boosting|"
    r"saving|releasing|regulating|sensing|checked|vetted|certified|free)\b"
    r"|\b(?:self|non|anti|auto|app|voice|remote|solar|motion|touch|usb|wi-?fi|noise|sweat|stain|odou?r|frost|heat|"
    r"shock|"
    r"tamper|child|pet|impact|flame|uv|crease|wrinkle|tear|slip|scratch|shatter|mould|mold|rot|"
    r"insect)-(?P<second>[a-z]{3,})\b",
    re.I,
)
_BUILD = re.compile(
    r"\b(?P<adj>built-in|integrated|detachable|removable|adjustable|foldable|folding|collapsible|rechargeable|"
    r"retractable|reversible|padded|insulated|heated|ventilated|reinforced|lockable|stackable|extendable|telescopic|"
    r"magnetic|wireless|cordless|illuminated|backlit|automatic|programmable|customi[sz]able|personali[sz]ed|engraved|"
    r"monogrammed|gift-wrapped|wheeled|hooded|quilted|scented|fragranced|carbonated|sparkling|smoked|toasted|"
    r"fermented|refillable|resealable|reusable|disposable|portable|inflatable|waxed|lined|soundproof|"
    r"air-conditioned|"
    r"floodlit|wheelchair[- ]accessible|step-free|double-glazed|two-tone|hand-?held|touch ?screen|bluetooth|gps|"
    r"led (?:lights?|lamps?|display)|solar|strobe)\b",
    re.I,
)
_WITH = re.compile(
    r"\b(?:(?:come|arrive|ship|is|are)s? (?:\w+ )?(?:with|in)|supplied with|complete with|equipped with|fitted with|"
    r"includes?|including|packed with|along with|"
    r"(?<!start )(?<!starts )(?<!begin )(?<!begins )(?<!began )"
    r"(?<!end )(?<!ends )(?<!finish )(?<!starting )(?<!go )(?<!goes "
    r")with|plus|has|have|features?|boasts?) (?:a|an|its own|their own|built-in|"
    r"free|matching)(?: (?:free|own|built-in|matching|handy|little|small))* (?P<what>[a-z][a-z' -]*)",
    re.I,
)
_WARDS = re.compile(
    r"\b(?P<verb>resist|repel|prevent|kill|block|eliminate|fight|charge|track|sync|detect|monitor|record|measure|"
    r"purify|"
    r"purifies|filter|absorb|deter|neutrali[sz]e|remove|double|convert|connect|pair|adjust|shield|protect|cool|"
    r"massage|sterili[sz]e|disinfect|soften|whiten|brighten|nourish|hydrate|moisturi[sz]e|exfoliate|soothe|"
    r"waterproof|insulate|illuminate|vibrate|rotate|swivel|tilt|recline|expand|glow|float|shut|switch(?=(?:es|s)? "
    r"off)|turn(?=s? (?:into|off|itself)))s? "
    r"(?:up |off |on |out |away |down |as |into |to |against |from |with |itself |your |the |a |an |any |all |"
    r"every |its |"
    r"their |most )*(?P<what>[a-z]{3,})(?: (?:and|or) (?P<more>[a-z]{3,}))?",
    re.I,
)
# Where it may go: each is a promise of safety.
_CARE = re.compile(
    r"\b(?P<what>dishwashers?|microwaves?|freezers?|ovens?|washing machines?|tumble[- ]dry\w*|tumble dryers?|induction|"
    r"hobs?|campfires?|barbecues?|grills?|airports?|hand luggage)\b",
    re.I,
)
_SAFE = re.compile(r"\b(?:safe|suitable|works?|fits?|compatible|goes|go|straight|ready|fine|wash\w*|use)\b", re.I)
# What it is made of, runs on or comes with.
_OF = re.compile(
    r"\b(?:runs? on|powered by|works? (?:off|on|with)|compatible with|syncs? with|connects? (?:to|with)|plugs? "
    r"into|fuel?led by|heated by|(?:filled|stuffed|lined|topped|trimmed|sweetened|infused|"
    r"served|finished|mixed|made|insulated|padded|sealed|fitted|paired|seasoned|dusted|filtered|scented|"
    r"flavou?red|blended) "
    r"with|(?:coated|wrapped|dressed|packed|dipped|soaked|fried|aged|rolled|painted|finished|cooked|cured|matured|"
    r"smoked|"
    r"bound|cased|upholstered) (?:in|over)|(?:held|based|housed|hosted|staged) (?:in|at)|(?:hung|mounted|fixed|"
    r"fastened|"
    r"secured) (?:on|by|with|to)|(?:made|cut|carved|woven|built|brewed|pressed|distilled|milled|moulded|"
    r"turned|"
    r"forged|spun|knitted|sewn) (?:of|from|out of)|tastes? of|smells? of|notes of|hints? of|flavou?rs? of|scents? of) "
    r"(?:(?:real|pure|solid|fine|fresh|local|our|the|a|an|its) )*(?P<what>[a-z][a-z' -]*)",
    re.I,
)
_WITH_CARE = frozenset(
    stem(w)
    for w in word_set("""care love pride patience passion skill heart thought attention purpose joy scratch start
    people families
    kids children ease style confidence help hope hand nothing something everything things ingredients materials hours
    process parts shape""")
)
_WELCOME = re.compile(
    r"(?<!-)\b(?P<what>[a-z]{3,}) (?:are |is )?(?:always |very |most )?welcome\b(?! (?:to|back|break|change|drink))",
    re.I,
)
_PERSONS = frozenset(
    stem(w)
    for w in word_set("""everyone everybody anyone guests visitors newcomers beginners families locals people questions
    walkers groups more warm big friends enquiries you""")
)
_ENDS = re.compile(
    r"\s(?:that|which|who|to|for|so|and|with|in|at|of|on|when|where|from|as|by|if|you|we|or|but)\b.*", re.I
)
# Turns of phrase with the look of a feature.
_IDIOM = frozenset(
    stem(w)
    for w in word_set("""guide difference reason plan time look way try thing day life moment smile chance story
    lot bit start
    step place world promise name word price choice home option taste feel touch sense kick good it you worrying
    guessing
    thinking waiting wasting paying mind page corner head heads heart clock tide alarm phone kitchen evening morning""")
)


_CAREFREE = frozenset(
    stem(w)
    for w in word_set("""care hands stress hassle worry guilt fuss duty tax interest rent toll trouble pain risk
    drama clutter mess
    fee commission cost royalty phone screen distraction jargon spam pressure queue guess effort""")
)


_TOOL = re.compile(
    r"\b(?:wipe|clean|cut|wash|brush|serve|eat|drink|rinse|dry|polish|enjoy|celebrate|treat|pay|learn|write|"
    r"open)\b",
    re.I,
)
_A_THING = re.compile(r"\b(?:an?|the|each|every|one|no|your|our|its|per) $", re.I)
_BUYER = re.compile(r"\bfor (?:the|an?|any|every|all|those|people|anyone)\b[^,.;:!?]*$", re.I)
# Builds that are one to any reader, by their stems.
_ONE_BUILD = {
    stem(w): stem(group[0])
    for group in (
        ("wireless", "cordless", "battery"), ("detachable", "removable"), ("foldable", "folding", "collapsible"),
        ("lockable", "locking", "lock"), ("backlit", "illuminated"), ("refillable", "refill"),
    )
    for w in group
}  # fmt: skip
_MEASURES = frozenset(
    stem(w)
    for w in word_set(
        "dollar pound euro gram kilo litre pint coffee tea friend drink few couple grown hint touch dash pinch splash"
    )
)


def check_features(text: str, facts: str) -> list[Finding]:
    """CLM-019, a caution, for each feature of which no word stands in the brief."""
    known = _Known(*_read(facts))
    spans = [
        *_compounds(text, known),
        *_things_with(text, known),
        *_doings(text, known),
        *_makings(text, known),
        *_places(text, known),
    ]
    return [_finding(text, s, e) for s, e in spans if not denied_at(text, s, e)]


def _compounds(text: str, known: "_Known") -> Iterator[Span]:
    """ "Whisper-quiet", "self-cleaning", "heated"."""
    for m in _COMPOUND.finditer(text):
        if m[0].lower().endswith("-free") and stem(m["head"] or "") in _CAREFREE:
            continue
        head, tail = m["head"] or m[0].split("-")[0], m["tail"] or m["second"]
        if tail.lower() == "free" and known.lacks(head):
            continue  # "scent-free" of unscented
        if not (known.has(head) and m["head"]) and not known.has(tail) and not known.has(m[0].replace("-", "")):
            yield m.span()
    for m in _BUILD.finditer(text):
        one = _ONE_BUILD.get(stem(m[0].lower()))
        alike = [w for w, build in _ONE_BUILD.items() if build == one] if one else []
        if not any(known.has(p) for p in (*re.split(r"[- ]", m[0]), *alike) if len(p) > 2):
            yield m.span()


def _things_with(text: str, known: "_Known") -> Iterator[Span]:
    """ "Comes with a carry case", "with a thermal lining"; but "wipe it with a cloth" and "with a pound"."""
    for m in _WITH.finditer(text):
        what = [w for w in words(_ENDS.sub("", m["what"])) if w.lower not in STOP][:3]
        bare = m[0].lower().startswith("with ")
        if bare and _BUYER.search(text[: m.start()]):
            continue  # "for anyone with a bad back"
        if not what or stem(what[0].lower) in _MEASURES or (bare and _TOOL.search(text[: m.start()])):
            continue
        plain = _IDIOM | _WITH_CARE | listed("ad_words") if bare else _IDIOM
        if not any(known.has(w.lower) or stem(w.lower) in plain for w in what):
            yield m.start("what"), m.start("what") + what[-1].end


def _doings(text: str, known: "_Known") -> Iterator[Span]:
    """ "Resists mould", "charges your phone"; but "track your sleep", an order to the reader."""
    for m in _WARDS.finditer(text):
        if not m[0].split()[0].endswith("s") and not words(text[: m.start()]):
            continue
        if _A_THING.search(text[: m.start()]):
            continue  # "a pair costs $70", "the record you keep"
        things = [w.lower() for w in (m["what"], m["more"]) if w]
        plain = any(w in STOP or known.has(w) or stem(w) in _IDIOM or number_of(w) for w in things)
        if not plain and not known.has(m["verb"]):
            yield m.span()


def _makings(text: str, known: "_Known") -> Iterator[Span]:
    """ "Sweetened with honey", "runs on gas", "works on tablets"; but "will it work on your house?"."""
    for m in _OF.finditer(text):
        what = [w for w in words(_ENDS.sub("", m["what"])) if w.lower not in STOP and len(w.text) > 2][:3]
        if m[0].lower().startswith("work") and m["what"].lower().startswith(("your ", "you ")):
            continue
        if what and not any(known.has(w.lower) or stem(w.lower) in _IDIOM | _WITH_CARE for w in what):
            yield m.start(), m.start("what") + what[-1].end


def _places(text: str, known: "_Known") -> Iterator[Span]:
    """Who is welcome, and where it may go: "dogs welcome", "safe in the dishwasher"."""
    for m in _WELCOME.finditer(text):
        if not known.has(m["what"]) and m["what"].lower() not in STOP and stem(m["what"].lower()) not in _PERSONS:
            yield m.start("what"), m.end()
    for m in _CARE.finditer(text):
        near = re.split(r"[.!?]\s", text[: m.start()])[-1]
        if _SAFE.search(near) and not known.has(m["what"].split()[0]):
            yield m.span()


_MEATLESS = frozenset(stem(w) for w in ("vegetarian", "vegan", "meatless"))


class _Known:
    """The words of a brief, looked up by stem or by their first five letters."""

    def __init__(self, stems: frozenset[str], starts: frozenset[str]) -> None:
        self.stems, self.starts = stems, starts

    def has(self, word: str) -> bool:
        lower = word.lower()
        return (
            stem(lower) in self.stems
            or (len(lower) >= 5 and lower[:5] in self.starts)
            or f"{lower}en" in self.stems  # "of wood" of wooden
        )

    def lacks(self, thing: str) -> bool:
        """Is the product without it by a word of its own: unscented, or vegetarian of meat?"""
        root = stem(thing.lower())
        return f"un{root}" in self.stems or (root in ("meat", "fish") and bool(self.stems & _MEATLESS))


@lru_cache(maxsize=512)
def _read(facts: str) -> tuple[frozenset[str], frozenset[str]]:
    own = {p for w in words(facts) for p in (w.lower, w.lower.replace("'", ""))}
    return frozenset(stem(w) for w in own), frozenset(w[:5] for w in own if len(w) >= 5)


def _finding(text: str, start: int, end: int) -> Finding:
    return finding(
        "CLM-019", "correctness", "warn", f"'{text[start:end]}' is a feature that is not in the brief.",
        fix="Remove it, or add it to the brief.", start=start, end=end, source="brief",
    )  # fmt: skip
