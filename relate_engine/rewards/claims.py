"""Statements that need support in the brief although they hold no number: "free", "guaranteed", "organic",
"the only".

Why: these are the words a copywriter adds without noticing and a regulator reads first. Each row is a
pattern, what in the brief supports it, how bad it is without support, and what to do. A word that has an
innocent everyday sense ("best", "gold", "free") is matched only in the sense that claims something.
Leaves out: whether the advertiser may say it at all (the compliance rules judge that), and claims by
implication.
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from relate_engine.denial import affirmed, denied_at
from relate_engine.rewards.lexicon import DENIED, MATERIALS, NARROWER, PROPER
from relate_engine.rewards.words import STOP, stem, words
from relate_engine.rewards.words import stems as stems_of
from relate_engine.scorecard import Finding, Severity, finding

SOURCE = "brief"


@dataclass(frozen=True)
class Claim:
    pattern: re.Pattern[str]
    support: re.Pattern[str] | None  # None: the words of the claim itself must stand in the brief
    severity: Severity
    what: str


def _claim(pattern: str, support: str | None, what: str, severity: Severity = "block") -> Claim:
    known = re.compile(support, re.I) if support else None
    return Claim(re.compile(rf"(?<![\w'-])(?:{pattern})(?![\w'])", re.I), known, severity, what)


_ESTS = (
    "fastest cheapest lowest largest biggest strongest lightest softest finest newest safest easiest purest "
    "highest smartest quietest coolest warmest freshest thinnest smallest toughest greenest cleanest "
    "simplest quickest brightest healthiest tastiest greatest longest-lasting deepest richest kindest oldest"
).replace(" ", "|")
_NO_CLAIM = (
    "best latest nearest closest earliest rest west guest forest test contest harvest nest chest quest request "
    "interest pest "
    "midwest northwest southwest heaviest coldest hottest darkest hardest busiest wettest driest windiest worst "
    "slightest tiniest "
    "longest shortest tallest fullest honest modest conquest arrest crest vest invest digest priest loudest youngest"
).replace(" ", "|")
_OPEN = r"(?:the|our|your|america's|britain's|world's|nation's|country's|city's|town's|industry's|[a-z]+'s)"
CLAIMS = (
    _claim(r"guarantee[ds]?|guaranteeing", r"guarant", "a guarantee"),
    _claim(r"(?:lifetime |limited )?warrant(?:y|ies)", r"warrant|guarant", "a warranty"),
    _claim(r"lifetime (?:warranty|guarantee|access|support|membership)|for life|lifelong",
           r"lifetime|for life|life of|lifelong", "a lifetime promise"),
    _claim(r"(?:your )?money[- ]back|(?:get|have) (?:your|their) money back|full refunds?|refund(?:s|ed|"
           r"able)?",
           r"money[- ]back|refund|return|guarant", "a refund"),
    _claim(r"24/7|24-7|around the clock|round the clock|day and night|day or night",
           r"24/7|24-hour|24 hours?\b|around the clock|round the clock|day (?:and|or) night|any hour|never clos|"
           r"always open",
           "round-the-clock service"),
    _claim(r"same[- ]day", r"(?:same|that)[- ]day|today|within (?:\w+ )?hours", "same-day service"),
    _claim(r"next[- ]day", r"next[- ](?:business |working )?day|overnight|24 hours|tomorrow|(?:one|1) "
                           r"(?:business |working )?day", "next-day service"),
    _claim(r"overnight (?:shipping|delivery|dispatch|results?)|(?:ship(?:s|ped)?|deliver(?:s|ed)?|"
           r"arrives?) overnight",
           r"overnight|next[- ]day", "overnight service"),
    _claim(r"instant(?:ly)? (?:approv\w+|quotes?|access|deliver\w+|download|results?|pay\w*)", r"instant",
           "instant service"),
    _claim(rf"{_OPEN} (?:very )?best(?![- ](?:rated|value|in|of|for|when|part|bits?|way|with|at|on|in|before|"
           r"served|friends?|you|"
           rf"self|look|"
           r"work|guess|day|days)\b)|best[- ](?:in[- ]class|sell(?:er|ers|ing)|rated|value|price|prices)|"
           r"bestsell\w+"
           r"|voted best|best \w+ (?:in|around) (?:the |our )?(?:world|country|nation|america|britain|town|city|"
           r"state|area|region|county|business|market)", None, "a superlative"),
    _claim(rf"(?:the|[a-z]+'s) (?!(?:{_NO_CLAIM})\b)[a-z]{{3,}}est(?=[- ][a-z])", None, "a superlative"),
    _claim(r"[a-z]+(?:'s|s') (?:favou?rite|leading|top|premier|finest|foremost|first choice|no\. ?1|number[- ]one)"
           r"|voted (?:the )?(?:best|favou?rite|top)|(?:a|the|your) leading "
           r"[a-z]+", r"leading|favou?rite|voted|premier|\btop\b", "a ranking"),
    _claim(r"(?:best|most|number one|top|favou?rite|leading|[a-z]+est)(?:[- ][\w'-]+){1,5} in (?:the (?:world|"
           r"country|nation|"
           r"state|city|county|industry|business|uk|us)|america|britain|town|england|scotland|canada|"
           r"australia)", None, "a superlative"),
    _claim(r"[a-z]+ of the (?:year|month|decade)", r"of the (?:year|month|decade)", "an award"),
    _claim(r"(?:no ?body|no one|nothing|none|no other [a-z]+)(?: [a-z']+){0,4} (?:more|better|faster|cheaper|longer) [a-z]+ "
           r"(?:[a-z]+ )?than", None, "a superlative"),
    _claim(r"[a-z]+'s most [a-z]{4,}", None, "a superlative"),
    _claim(r"cruelty[- ]free", r"cruelty|leaping bunny|on animals", "a property"),
    _claim(r"winners? of|\bwon\b|"
           r"prize[- ]winner", r"\bwon\b|winner|winning|medal|\bbest\b|voted|\bseal\b|award (?:for|in|19|20)|"
           r"(?:19|20)\d\d [^\n]*award|\bwins?\b|received|pick\b", "an award"),
    _claim(r"all year(?:[- ]round)?|year[- ]round|365 "
           r"days", r"all year|year[- ]round|365|every (?:day|month)|\bopen daily", "a season"),
    _claim(r"number one(?! (?:reason|question|rule))|no\. ?1|#1", r"number one|no\. ?1|"
           r"#1", "a number-one claim"),
    _claim(rf"(?<!our )(?<!its )(?<!your )(?:(?:the|[a-z]+'s) )?(?:{_ESTS})(?! (?:way|part|first|hour|room|"
           rf"corner|day|days|night|nights|"
           rf"moments?)\b)", None,
           "a superlative"),
    _claim(r"(?:the|our|world's|america's|britain's) most [a-z]{4,}|(?:the )?most (?:trusted|advanced|"
           r"popular|reliable"
           r"|affordable|loved|comfortable|powerful|effective|accurate)", None, "a superlative"),
    _claim(r"(?:the|america's|britain's|world's) (?:only|first)(?= (?!(?:one|two|three|four|five|six|seven|eight|nine|ten)\b|time|of|to|is|was|other|thing|things|"
           r"way|reason|part|order|month|year|week|day|step|thing|one|"
           r"session|lesson|class|visit|walk|box|sip|bite|page|night|call|bag|hour|question|snow|frost|rain|"
           r"box|payment|"
           r"purchase|draft|line|cut|row|try|bus|train|light|date|floor|two|three|few)[a-z]+)|one of a kind|"
           r"unmatched|"
           r"unbeatable|unrivalled|unrivaled|unparalleled|second to none|world[- ]class|first[- ]ever",
           r"\bonly\b|\bfirst\b|one of a kind|unmatched|unbeatable|world[- ]class|"
           r"sole\b", "a claim to be first or only"),
    _claim(r"(?:market|industry|category)[- ]leading|leading (?:brand|provider|name|choice|experts?)|"
           r"top[- ](?:rated|ranked"
           r"|quality|notch|selling)|highest[- ]rated|highly rated|five[- ]star|5[- ]star", r"leading|"
           r"top[- ]|rated|star",
           "a ranking"),
    _claim(r"twice as [a-z]+|(?:two|three|four|five|ten|\d+)(?: times|x) (?:as|more|less|faster|longer|"
           r"better|cheaper|"
           r"stronger)(?: [a-z]+)?|half the (?:price|cost|time)", r"twice|times|double|half|"
           r"\dx\b", "a comparison"),
    _claim(r"award[- ]winning|award[- ]winner|prize[- ]winning|awards?|medals?|"
           r"michelin(?:[- ]starred)?", r"award|medal|prize|michelin", "an award"),
    _claim(r"board[- ]certified|certified|certification|certificates?", r"certif|accredit|qualified|"
           r"registered",
           "a certification"),
    _claim(r"accredited|accreditation", r"accredit", "an accreditation"),
    _claim(r"(?:un)?licen[sc]ed(?! under)|fully licen[sc]ed", r"licen[sc]e", "a licence"),
    _claim(r"(?:fully )?insured|bonded", r"insur|bonded", "insurance cover"),
    _claim(r"patented|patent[- ]pending", r"patent", "a patent"),
    _claim(r"fda|usda|epa[- ]approved|ce[- ]marked|gmp|iso|hipaa|gdpr|nhs|"
           r"leed", None, "an authority's approval"),
    _claim(r"approved by [a-z]+|[a-z]+-approved|(?:doctor|vet|dentist|expert|government|state|"
           r"bank)[- ](?:approved|recommended|backed)"
           r"|pre-?approved|officially|official", r"approv|recommend|official", "an approval"),
    _claim(r"dermatolog\w+|pediatrician\w*|clinical(?:ly)?(?: \w+)?|scientific(?:ally)?(?: \w+)?|"
           r"science[- ]backed|"
           r"scientists?|doctors?|physicians?|surgeons?", None, "a medical or scientific backing"),
    _claim(r"lab[- ]tested", r"\blab|tested", "a test"),
    _claim(r"(?:independently |rigorously |third[- ]party )?tested|"
           r"proven", r"test|prove|trial|study|lab\b|measured|certif|"
           r"clinical", "a test"),
    _claim(r"trusted by|loved by|recommended by|endorsed by|as seen (?:on|in)|thousands of (?:happy )?[a-z]+|"
           r"bestselling", r"trusted|loved|recommend|endorse|seen|thousand|rated|review|\d,\d\d\d", "an endorsement"),
    _claim(r"organic(?:ally)?|vegan|vegetarian|kosher|halal|plant[- ]based|non[- ]?gmo|gluten[- ]free|"
           r"dairy[- ]free|"
           r"nut[- ]free|sugar[- ]free|fair[- ]?trade|grass[- ]fed|free[- ]range|"
           r"cage[- ]free|keto|paleo|"
           r"all[- ]natural|100 ?% natural|raw|wholegrain|low[- ](?:carb|fat|calorie)", None, "a property"),
    _claim(r"water[- ]?proof|water[- ]resistant|rain[- ]?proof|wind[- ]?proof|fire[- ]?proof|shock[- ]?proof|"
           r"scratch[- ](?:proof|resistant)|stain[- ](?:proof|resistant)|rust[- ]?proof|bullet[- ]?proof|"
           r"leak[- ]?proof|"
           r"child[- ]?proof|unbreakable|indestructible|"
           r"hypoallergenic|non[- ]?toxic|bpa[- ]free|odou?r[- ]free|antibacterial|anti[- ]aging|"
           r"breathable", None,
           "a property"),
    _claim(r"dishwasher[- ]safe", r"dishwasher", "a property"),
    _claim(r"microwave[- ]safe", r"microwav", "a property"),
    _claim(r"(?:machine[- ])?washable", r"wash", "a property"),
    _claim(r"recyclable|compostable|biodegradable|sustainabl[ey]|sustainability|eco[- ]?friendly|"
           r"carbon[- ]neutral|"
           r"zero[- ]waste|plastic[- ]free|recycled|upcycled|renewable|climate[- ]neutral|"
           r"ethical(?:ly)?", None,
           "an environmental claim"),
    _claim(r"hand[- ]?(?:made|crafted|stitched|poured|rolled|thrown|picked|painted|cut|knitted|sewn|built|"
           r"woven|dyed|finished|"
           r"carved|forged|blown|roasted|mixed|tied|packed)|homemade|artisanal?|bespoke|custom[- ]made|"
           r"made[- ]to[- ]"
           r"(?:order|measure)|limited[- ]edition|solid (?:gold|silver|wood|oak|brass)",
           r"hand|home[- ]?made|artisan|bespoke|custom|made to|made[- ]to|limited|solid|craft|"
           r"\border", "a property"),
    _claim(r"limited[- ]time|today only|this week only|ends (?:soon|today|tonight|tomorrow|sunday|monday)|"
           r"last chance|while stocks? lasts?|"
           r"while supplies last|selling fast|almost gone|only \d+ left|flash sale|black friday|"
           r"cyber monday", None,
           "a deadline or shortage"),
    _claim(r"discount(?:s|ed)?|on sale|sale price|coupons?|voucher|rebates?|clearance|cash ?back|"
           r"bonus(?:es)?|"
           r"bogo|buy one,? get one|price match", r"discount|% off|\bsale\b|coupon|code|voucher|rebate|"
           r"clearance|cash ?back|bonus|"
           r"half price|off\b|buy one|price match|save", "an offer"),
    _claim(r"unlimited", r"unlimited|as often|as much|no limit|any number|unmetered", "an unlimited offer"),
    _claim(r"cancel (?:any ?time|when(?:ever)?|online)|no strings(?: attached)?|no obligation|risk[- ]free",
           r"cancel|no (?:contract|commitment|obligation)|month[- ]to[- ]month|any ?time|free", "terms"),
    _claim(r"tax[- ](?:free|deductible)|interest[- ]free|0 ?% (?:apr|interest)|"
           r"duty[- ]free", None, "a financial term"),
    _claim(r"locally (?:made|grown|sourced)|imported|family[- ](?:owned|run)|veteran[- ]owned|woman[- ]owned|"
           r"women[- ]owned|small[- ]batch", None, "an origin"),
    _claim(r"encrypt(?:ed|ion|s)|end[- ]to[- ]end encrypt\w+|military[- ]grade|bank[- ]level|bank[- ]grade", r"encrypt|"
           r"end[- ]to[- ]end",
           "a security claim"),
    _claim(r"(?:lowers?|reduces?|reducing|relieves?|eases?|fights?|boosts?|boosting|improves?|burns?|melts?|"
           r"reverses?|regrows?|"
           r"balances?|regulates?|calms?|erases?|lowering)(?: (?:your|away|the|high|bad|stubborn|belly|"
           r"joint|back|deep))* (?:cholesterol|"
           r"blood (?:pressure|sugar)|inflammation|anxiety|stress|pain|aches|acne|wrinkles|fat|weight|"
           r"immunity|immune|"
           r"metabolism|testosterone|energy|mood|memory|focus|libido|hair loss|hormones|cravings|bloating|"
           r"eczema|breakouts)",
           None, "a health claim"),
    _claim(r"un(?:hack|beat|crack)able|hack[- ]?proof", None, "a promise"),
    _claim(r"(?:no|zero)[- ]log(?:s|ging)?|never logs?|logless",
           r"\b(?:no|zero)[- ](?:\w+ ){0,2}log|(?:never|not|n't|without) (?:\w+ ){0,2}log|logless",
           "a promise of privacy"),
    _claim(r"painless(?:ly)?|pain[- ]free|side[- ]effect[- ]free|risk[- ]free|foolproof|"
           r"fail[- ]?safe", None, "a promise"),
    _claim(r"first[- ]class|business[- ]class|all[- ]inclusive|five[- ]course|full[- ]board|"
           r"half[- ]board", None, "a class of service"),
    _claim(r"cures?|heals?|treats? (?:anxiety|depression|pain|acne|arthritis|diabetes)|prevents? (?:disease|"
           r"cancer|illness)|"
           r"detox(?:es|ify)?|miracle", None, "a health claim"),
)  # fmt: skip

_ALIKE = {w: group for group in (("ads", "ad", "adverts", "advertising", "advert"),
          ("perfume", "fragrance", "scent"), ("dye", "dyes", "colour", "color"),
          ("fee", "fees", "charge", "charges", "cost", "costs"), 
          ("contract", "contracts", "commitment", "cancel", "month-to"),
          ("sulfates", "sulphates", "sulfate"), ("interest", "0%", "0 %")) for w in group}  # fmt: skip
_NO = re.compile(
    r"\b(?:no|zero|without(?: any)?|never an?y?|free (?:of|from))((?: [a-z-]+){1,3})|\b([a-z]+)[- ]free\b",
    re.I,
)
_DENIES = re.compile(
    r"\b(?:no|not|never|nor|zero|without|free|none|nothing|neither|un\w+|waived|skip\w*)\b|n't\b|-free\b|"
    r"less\b",
    re.I,
)
_FREE = re.compile(
    r"(?<![\w-])(?<!cruelty )(?<!gluten )(?<!dairy )(?<!sugar )(?<!fragrance )(?<!grain )(?<!plastic )(?<!bpa "
    r")(?<!nut )(?:free|complimentary|for nothing|costs? (?:you )?nothing|at no (?:extra |"
    r"additional )?(?:charge|cost)"
    r"|no (?:extra )?charge|(?<!call )(?<!count )(?<!rely )(?<!depend )on us|on the house)(?![\w-])(?! (?:of|"
    r"from|up|time|to|your|range|hand|hands|"
    r"will|weekends?|"
    r"evenings?|afternoons?|mornings?|hours?)\b)",
    re.I,
)
_FREE_BRIEF = re.compile(
    _FREE.pattern.split("(?! (?:of|")[0]
    + r"|\bincluded\b|\bno (?:[a-z]+ ){0,2}fees?\b|\bwaived\b|\bno charge\b|\bgift\b",
    re.I,
)
_MATERIAL_IDIOM = re.compile(
    r"\b(?:glass of|(?:an?|your|the|every) (?:\w+ )?glass\b|bare glass|gold standard|good as gold|silver lining|iron out|steel your)", re.I
)
_SAME = {
    "shipp": "deliv", "ship": "deliv", "postag": "deliv", "post": "deliv", "estimat": "quot", "surve": "quot",
    "consult": "quot", "consultat": "quot", "look": "quot", "inspect": "quot", "assess": "quot", "assessm": "quot",
    "visit": "quot", "check": "quot", "evaluat": "quot", "apprais": "quot", "try": "tri", "tri": "tri",
    "trial": "tri", "tried": "tri", "retur": "return", "collect": "return", "collection": "return",
    "swap": "return", "exchang": "return", "pickup": "return", "week": "tri", "day": "tri", "month": "tri",
    "night": "tri", "return": "return",
}  # fmt: skip


def check_claims(text: str, facts: str) -> list[Finding]:
    """Claims of `text` that `facts` does not support. `text` comes with straight quotes and masked names."""
    found: list[Finding] = []
    plain = facts.replace("\u2019", "'").lower()
    stated = affirmed(plain)
    for claim in CLAIMS:
        for match in claim.pattern.finditer(text):
            if claim.what == "a medical or scientific backing" and denied_at(text, *match.span()):
                continue  # "no need to see a doctor"
            lacking = re.match(r"(\w+)[- ]free$", match[0], re.I)
            if lacking and _without(lacking[1], plain):
                continue
            ground = plain if denied_at(text, *match.span()) else stated
            if not any(known.search(ground) for known in (claim.support, _itself(match[0])) if known):
                found.append(_unsupported(match.start(), match.end(), match[0], claim.what, claim.severity))
    stems, denied = _stated(plain)
    for match in re.finditer(r"[A-Za-z]+(?:[- ](?:foam|fib(?:er|re)))?", text):
        name = match[0].lower().replace(" ", "-")
        if name not in MATERIALS and name.split("-")[0] not in MATERIALS:
            continue
        if _MATERIAL_IDIOM.search(text[max(0, match.start() - 9) : match.end() + 10]):
            continue
        if any(re.search(rf"\b(?:{n})", plain) for n in NARROWER.get(name, ())):
            continue  # wool of merino
        if stem(name.split("-")[0]) not in stems:
            same = re.finditer(rf"\b{re.escape(match[0])}\b", text, re.I)
            if stem(name.split("-")[0]) in denied and any(denied_at(text, *m.span()) for m in same):
                continue
            # "Cotton pads have had their day" where the brief says "no cotton pads" may speak of the others
            pair = re.match(r" [a-z]+", text[match.end() :])
            other = pair is not None and f"{match[0]}{pair[0]}".lower() in plain
            severity: Severity = "warn" if other else "block"
            found.append(_unsupported(match.start(), match.end(), match[0], "a material or ingredient", severity))
    return found + _free(text, plain, stated) + _included(text, stems, denied) + _denied(text, plain)


def _without(thing: str, plain: str) -> bool:
    """Do the facts say there is none of it in other words: "no gluten", "free of dairy", "unscented"?"""
    root = re.escape(stem(thing.lower()))
    none = (
        rf"\b(?:no|without|zero|free (?:of|from)|never|contains? no|un)(?:[ -](?:added|any|[a-z]+,|or|and))*[ -]?{root}"
    )
    return re.search(none, plain) is not None or (thing.lower() in {"fragrance", "perfume"} and "unscented" in plain)


@lru_cache(maxsize=512)
def _stated(plain: str) -> tuple[frozenset[str], frozenset[str]]:
    """Stems that the facts affirm, and those that stand in denials only."""
    stems = frozenset(stem(w.lower) for w in words(affirmed(plain)))
    return stems, frozenset(stem(w.lower) for w in words(plain)) - stems


@lru_cache(maxsize=2048)
def _itself(claim: str) -> re.Pattern[str]:
    """The claim's own words, hyphens and endings aside."""
    parts = [
        re.escape(stem(p))
        for p in re.split(r"[\s-]+", claim.lower())
        if p not in {"the", "our", "your", "very"} and not (p.endswith("'s") and p[:-2] not in PROPER)
    ]
    return re.compile(r"\b" + r"\w*[\s'-]*".join(parts))


def _unsupported(start: int, end: int, words_: str, what: str, severity: Severity) -> Finding:
    return finding(
        "CLM-019", "correctness", severity, f"The brief does not support '{words_}' ({what}).",
        fix=f"Remove it, or add {what} to the brief as a benefit or as a claim with evidence.",
        start=start, end=end, source=SOURCE,
    )  # fmt: skip


_NOUN = (
    r"(?:[ -](?!(?:and|or|with|for|in|on|to|at|when|if|plus|but|then|from|every|your|"
    r"the|anywhere|everywhere|today|forever|again|always|online|worldwide|nationwide|too|as|while|until|because|over|"
    r"within|after|before|near|across|by|this|all)\b)[\w'-]+){1,3}"
)


def _objects(text: str, start: int, end: int) -> set[str]:
    """Stems of what is free: the content words around, in the same sentence, under one name for synonyms."""
    before = re.split(r"[.;:!?]\s|\n", text[max(0, start - 45) : start])[-1]
    after = re.split(r"[.;:!?]\s|\n", text[end : end + 45])[0]
    near = [w.lower for w in words(before)][-6:] + [w.lower for w in words(after)][:6]
    short = {stem(w) for w in near if w not in STOP}
    return {_SAME.get(s, s) for s in short}


def _given(facts: str, match: re.Match[str]) -> set[str]:
    """What the brief gives free there: the noun after "free", else the words around."""
    noun = re.match(rf"{_NOUN}", facts[match.end() :]) if match[0].lower() in {"free", "complimentary"} else None
    return {_SAME.get(s, s) for s in stems_of(noun[0])} if noun else _objects(facts, match.start(), match.end())


def _share(a: set[str], b: set[str]) -> bool:
    return bool(a & b) or any(x[:4] == y[:4] for x in a for y in b if len(x) > 4 and len(y) > 4)


_PAID_FIRST = re.compile(r"\bfirst [a-z]+ (?:is|are) $", re.I)


def _free(text: str, facts: str, stated_facts: str) -> list[Finding]:
    found = []
    for match in _FREE.finditer(text):
        denies = not match[0].lower().startswith("no ") and denied_at(text, *match.span())
        ground = facts if denies else stated_facts
        known = [_given(ground, m) for m in _FREE_BRIEF.finditer(ground)]
        # "free delivery in Savannah": the noun after it; "delivery is free": what stands around
        noun = re.match(
            _NOUN,
            text[match.end() :],
        )
        stated = (
            {_SAME.get(s, s) for s in stems_of(noun[0])}
            if noun and match[0].lower() in {"free", "complimentary"}
            else set()
        )
        stated = stated or _objects(text, match.start(), match.end())
        loose = match[0].lower() not in {"free", "complimentary"}
        predicate = re.search(r"\b(?:eat|ski|enter|get in|go|door for) $", text[: match.start()], re.I)
        if known and (
            loose
            or (predicate and not _PAID_FIRST.search(text[: match.start()]))
            or not stated
            or any(_share(stated, k) for k in known)
        ):
            continue
        tail = re.match(r" [A-Za-z]+", text[match.end() :]) if match[0].lower() in {"free", "complimentary"} else None
        end = match.end() + (tail.end() if tail and tail[0].strip().lower() not in STOP else 0)
        found.append(_unsupported(match.start(), end, text[match.start() : end], "something free", "block"))
    return found


def _included(text: str, known: frozenset[str], denied: frozenset[str]) -> list[Finding]:
    """ "Breakfast included" where the brief has no breakfast: none of the words before stands in it."""
    found = []
    for match in re.finditer(
        r"((?:[A-Za-z'-]+,? ){1,4}?)(?:is |are |comes? |all )?(?:included|thrown in)(?![\w-])", text
    ):
        things = [w for w in words(match[1]) if w.lower not in STOP]
        ground = known | denied if re.search(r"\b(?:not|never|no)\b|n't", match[0], re.I) else known
        if things and not any(stem(w.lower) in ground for w in things):
            start = match.start() + things[0].start
            found.append(_unsupported(start, match.end(), text[start : match.end()], "an inclusion", "block"))
    return found


def _denied(text: str, facts: str) -> list[Finding]:
    found = []
    for match in _NO.finditer(text):
        group = 1 if match[1] else 2
        thing = next((w for w in re.findall(r"[a-z-]+", match[group].lower()) if w in DENIED), None)
        if thing is None:
            continue
        root = re.compile("|".join(rf"\b{re.escape(stem(w))}" for w in _ALIKE.get(thing, (thing,))))
        denied = any(_DENIES.search(facts[max(0, m.start() - 45) : m.end() + 12]) for m in root.finditer(facts))
        if denied or (thing in {"charge", "charges", "cost", "costs", "fee", "fees"} and _FREE_BRIEF.search(facts)):
            continue
        severity: Severity = "block" if group == 2 else "warn"
        start = match.start()
        end = match.end() if group == 2 else match.start(1) + match[1].lower().index(thing) + len(thing)
        found.append(_unsupported(start, end, text[start:end], "an absence", severity))
    return found
