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

from relate_engine.rewards.words import Word, is_title_case, word_set, words
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
    earbuds preorder olds restock restocked subtotal multi meetup meetups
    tyre kerb cheque chequebook pyjama draught draughty draughtproof sceptical manoeuvre neighbourhood neighbourly
    oestrogen theatregoer sulphate aeroplane apnoea coeliac liquorice annexe maths tradie sunnies doona woollen
    marvellous meagre speciality sulphite carburettor manoeuvring manoeuvrable colourway colourfast flavoursome cosily
    moustached dreamt hoodie onesie gilet jeggings bralette tankini flipflop salopettes shearling nubuck moissanite
    thrifted merch gummies softgel probiotic nootropic ashwagandha spirulina argan stevia folate carb paleo chia
    vaping vaper eliquid telehealth telemedicine teletherapy reiki dermaplaning balayage blowdry detangler bronzer
    suncare lipgloss epilator ensuite homeware giftware sunlounger muslin bakeware drinkware airfryer robovac bunkbed
    soundbar dimmable aircon firepit hottub strimmer polytunnel composter bifold soffit combi wallbox drycleaning
    carseat giftbox giclee plushie photobooth prosecco malbec sauvignon mezcal gastropub roastery macchiato rooibos
    gelato macaron traybake burrata halloumi pancetta ciabatta tzatziki shawarma quesadilla biryani tikka masala
    paneer pierogi gyoza udon bao pho sashimi dimsum edamame kefir bento oatmilk mealkit flexitarian pescatarian
    glamping campervan roofbox towbar dashcam daytrip zipline ziplining paintballing karting gokart bouldering padel
    hackathon esports matinee webinar elearning chatbot influencer vlogger freemium cybersecurity cyber malware devops
    cryptocurrency analytics roadmap neobank evoucher multibuy bogo dropshipper jobseeker hotdesking webhosting refurb
    ereader gamepad wearables esim onboard barcode texting texted admin intro tech manga reusables rollator petfood
    wormer dewormer labradoodle cockapoo goldendoodle pre bbq suv suvs vpn vpns hdmi ssd seo crm saas cbd hvac upvc
    voip mph gsm gcse gcses rsvp mba ipa ipas djs diff glovebox"""
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


def listed(word: str) -> bool:
    return word in _MODERN or word in _checker().word_frequency.dictionary


def known(word: str) -> bool:
    """Is this lower-case word English, in either spelling, or made of English parts?"""
    return _listed_somehow(word) or _compound(word)


@lru_cache(maxsize=20_000)
def _listed_somehow(word: str) -> bool:
    """Is it in the list, in either spelling, with an ending or a prefix?"""
    if len(word) < 3 or listed(word) or listed(word.replace("'", "")):
        return True
    if re.search(r"(.)\1\1", word):
        return False
    variants = {rule.sub(new, word) for rule, new in _SPELLINGS} - {word}
    if any(listed(v) for v in variants):
        return True
    for ending in ("s", "es", "er", "ers", "ed", "ing", "ly", "less", "able", "ness", "y"):
        base = word.removesuffix(ending)
        if (
            base != word
            and len(base) >= 4
            and (
                base in _MODERN
                or (ending in {"less", "able", "ness"} and listed(base))
                or (ending == "ers" and _frequent(base))
            )
        ):
            return True
    part = _PREFIX.sub("", word)
    return part != word and len(part) >= 4 and listed(part)


@lru_cache(maxsize=20_000)
def _compound(word: str) -> bool:
    """Two common words of four letters or more, such as "kettlebell"."""
    triple = re.search(r"(.)\1\1", word)
    return not triple and any(_frequent(word[:i]) and _frequent(word[i:]) for i in range(4, len(word) - 3))


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


def _familiar(word: Word, own: frozenset[str]) -> bool:
    """Is it a word of the brief or a form of one, a short all-capitals word, or of another script?"""
    return (
        word.lower in own
        or any(word.lower.removesuffix(e) in own for e in ("s", "es", "ed", "er"))
        or (word.text.isupper() and len(word.text) <= 6)
        or not word.text.isascii()
    )


def made_up(text: str, own: frozenset[str]) -> list[str]:
    """The words that are neither English nor of the brief, names and new compounds included ("worksCertified"): right
    for a writer that knows only the brief. `own` as in `check_spelling`."""
    return [w.text for w in words(text) if not _familiar(w, own) and not _listed_somehow(w.lower)]


def check_spelling(text: str, own: frozenset[str], taken: list[tuple[int, int]]) -> list[Finding]:
    """EDT-016 for every misspelled word. `own` = the brief's words, small; `taken` = spans judged already."""
    found = []
    title = is_title_case(text)
    for word in words(text):
        if any(s < word.end and word.start < e for s, e in taken) or _familiar(word, own) or known(word.lower):
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
