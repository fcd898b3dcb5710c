"""The claims that need support in the brief: what they look like, what supports them, how bad they are without.

Why: a word that has an innocent everyday sense ("best", "gold") is matched only in the sense that claims something.
Leaves out: "free", "included", absences and materials, which need more than a pattern (claims.py).
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re
from dataclasses import dataclass

from relate_engine.rewards.calendar import DAY, MONTH
from relate_engine.scorecard import Severity


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
_OF_TIME = "days?|nights?|times?|weeks?|weekends?|months?|start|beginning|middle|end|rest|most"
# "10-year guarantee" is another word for a warranty, a guarantee of no term is not.
_TERM = "(?:(?<=year )|(?<=years )|(?<=month )|(?<=months ))"
_NO_TERM = "(?<!year )(?<!years )(?<!month )(?<!months )"
CLAIMS = (
    _claim(rf"{_NO_TERM}guarantee[ds]?(?! for [\w-]+ (?:years?|months?)\b)|guaranteeing", r"guarant", "a guarantee"),
    _claim(rf"{_TERM}guaranteed?|guaranteed for [\w-]+ (?:years?|months?)", r"warrant|guarant", "a guarantee"),
    _claim(r"(?:lifetime |limited )?warrant(?:y|ies)", r"warrant|guarant", "a warranty"),
    _claim(r"lifetime (?:warranty|guarantee|access|support|membership)|for life|lifelong",
           r"lifetime|for life|life of|lifelong", "a lifetime promise"),
    _claim(r"(?:your )?money[- ]back|(?:get|have) (?:your|their) money back|full refunds?|refund(?:s|ed|"
           r"able)?",
           r"money[- ]back|refund|return|guarant", "a refund"),
    _claim(r"24/7|24-7|open 24 hours|24[- ]hours? (?:a day|access|service|support)|around the clock|round the "
           r"clock|day and night|day or night",
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
    _claim(rf"(?:the|[a-z]+'s) (?!(?:{_NO_CLAIM})\b)[a-z]{{3,}}est(?=[- ](?!arrival|grandchild|member)[a-z])",
           None, "a superlative"),
    _claim(r"our (?!best\b|latest|guest|nearest|closest|request|interest|harvest|forest|honest|warmest|dearest|"
           r"sincerest|finest hour)[a-z]{3,}est\b", None, "a superlative"),
    _claim(r"[a-z]+(?:'s|s') (?:favou?rite|leading|top|premier|finest|foremost|first choice|no\. ?1|number[- ]one)"
           r"|voted (?:the )?(?:best|favou?rite|top)|(?:a|the|your) leading "
           r"[a-z]+", r"leading|favou?rite|voted|premier|\btop\b", "a ranking"),
    _claim(r"(?:best|most|number one|top|favou?rite|leading|[a-z]+est)(?:[- ][\w'-]+){1,5} in (?:the (?:world|"
           r"country|nation|"
           r"state|city|county|industry|business|uk|us)|america|britain|town|england|scotland|canada|"
           r"australia)", None, "a superlative"),
    _claim(rf"(?!(?:{_OF_TIME}|{DAY}s?) )[a-z]+ of the (?:year|month|decade)",
           r"of the (?:year|month|decade)", "an award"),
    _claim(r"(?:until|till|through|by|before|ends?(?: at)?) the end of the (?:year|month)",
           rf"end of the|(?:until|till|through|by|before|ends?) (?:[a-z]+ ){{0,3}}(?:\d|{MONTH})",
           "a deadline or shortage"),
    _claim(r"(?:no ?body|no one|nothing|none|no other [a-z]+)(?: [a-z']+){0,4} (?:more|better|faster|cheaper|"
           r"longer) [a-z]+ "
           r"(?:[a-z]+ )?than", None, "a superlative"),
    _claim(r"(?:world|nation|country|america|britain|europe)'s (?:[a-z]+est|best|most|first|only|leading|top|"
           r"favou?rite)",
           r"world|nation's|country|america|britain|europe", "a superlative"),
    _claim(r"[a-z]+'s most [a-z]{4,}", None, "a superlative"),
    _claim(r"cruelty[- ]free", r"cruelty|leaping bunny|on animals", "a property"),
    _claim(r"winners? of|\bwon\b|"
           r"prize[- ]winner", r"\bwon\b|winner|winning|medal|\bbest\b|voted|\bseal\b|award (?:for|in|19|20)|"
           r"(?:19|20)\d\d [^\n]*award|\bwins?\b|received|pick\b", "an award"),
    _claim(r"all year(?:[- ]round)?|year[- ]round|365 "
           r"days|(?:every (?:single )?|any )(?:day|time) of the year",
           r"all year|year[- ]round|365|every (?:day|month)|\bopen daily", "a season"),
    _claim(r"number one(?! (?:reason|question|rule))|no\. ?1|#1", r"number one|no\. ?1|"
           r"#1", "a number-one claim"),
    _claim(rf"(?<!your )(?:(?:the|our|its|[a-z]+'s) )?(?:{_ESTS})"
           rf"(?! (?:arrival|grandchild|member|way|part|first|hour|room|"
           rf"corner|day|days|night|nights|"
           rf"moments?)\b)", None,
           "a superlative"),
    _claim(r"(?:the|our|world's|america's|britain's) most [a-z]{4,}|(?:the )?most (?:trusted|advanced|"
           r"popular|reliable"
           r"|affordable|loved|comfortable|powerful|effective|accurate)", None, "a superlative"),
    _claim(r"(?:the|[a-z]+'s) (?:only|first)(?= (?!(?:one|two|three|four|five|six|seven|"
           r"eight|nine|ten)\b|time|of|to|is|was|other|thing|things|"
           r"way|reason|part|order|month|year|week|day|step|thing|one|"
           r"session|lesson|class|visit|walk|box|sip|bite|page|night|call|bag|hour|question|snow|frost|rain|"
           r"box|payment|half|"
           r"purchase|draft|line|cut|row|try|bus|train|light|date|floor|two|three|few)[a-z]+)|one of a kind|"
           r"unmatched|"
           r"unbeatable|unrivalled|unrivaled|unparalleled|second to none|world[- ]class|first[- ]ever",
           r"\bthe (?:only|first)\b|only [a-z]+ (?:that|to|in|who)\b|first [a-z]+ to\b|one of a kind|unmatched|"
           r"unbeatable|world[- ]class|"
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
           r"scientists?|surgeons?", None, "a medical or scientific backing"),
    _claim(r"doctors?|physicians?", r"\b(?:doctor|physician)", "a medical or scientific backing"),
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
           r"carved|forged|blown|roasted|mixed|tied|packed)|homemade|"
           r"artisanal?|bespoke|custom[- ]made|"
           r"made[- ]to[- ]"
           r"(?:order|measure)|limited[- ]edition|solid (?:gold|silver|wood|oak|brass)",
           r"\bhand(?![- ]?wash|[- ]?held|s\b|le|y\b|ful|bag)|home[- ]?made|artisan|bespoke|custom|made to|made[- "
           r"]to|limited|solid|craft|"
           r"\border", "a property"),
    _claim(r"(?:[a-z]+ed|made|woven|sewn|cut|built) by hand",
           r"\bhand(?![- ]?wash|[- ]?held|s\b|le|y\b|ful|bag)|home[- ]?made|artisan|craft", "a property"),
    _claim(r"limited[- ]time|today only|this week only|ends (?:soon|today|tonight|tomorrow|sunday|monday)|"
           r"last chance|while stocks? lasts?|"
           r"while supplies last|selling fast|almost gone|only \d+ left|flash sale|black friday|"
           r"cyber monday", None,
           "a deadline or shortage"),
    _claim(r"discount(?:s|ed)?|on sale(?! since| now| from| in| at)|sale price|coupons?|voucher|rebates?|"
           r"clearance|cash ?back|"
           r"bonus(?:es)?|"
           r"bogo|buy one,? get one|price match", r"discount|% off|\bsale\b|coupon|code|voucher|rebate|"
           r"clearance|cash ?back|bonus|"
           r"half price|off\b|buy one|price match|save", "an offer"),
    _claim(r"unlimited", r"unlimited|as often|as much|no limit|any number|unmetered", "an unlimited offer"),
    _claim(r"cancel (?:any ?time|when(?:ever)?|online)|no strings(?: attached)?|no obligation|risk[- ]free",
           r"cancel|no (?:contract|commitment|obligation|minimum)|month[- ]to[- ]month|any ?time|stop when|"
           r"pause", "terms"),
    _claim(r"tax[- ](?:free|deductible)|0 ?% apr|duty[- ]free", None, "a financial term"),
    _claim(r"interest[- ]free|0 ?% interest", r"interest[- ]free|(?<![\d.,])0(?:\.0+)? ?% (?:apr|interest)",
           "a financial term"),  # a rate of 0% APR holds no interest, but no interest may still come with fees
    _claim(r"locally (?:made|grown|sourced)|imported|veteran[- ]owned|woman[- ]owned|"
           r"women[- ]owned|small[- ]batch", None, "an origin"),
    _claim(r"family[- ](?:owned|run)", r"family[- ](?:owned|run|business|firm)", "an origin"),
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
    _claim(r"eczema|psoriasis|rosacea|arthriti\w+|diabet\w+|asthma\w*|migraines?|insomnia\w*|sciatica|"
           r"bunions|(?:sensitive|oily|dry|mature|problem) skin|fibromyalgia|tinnitus|vertigo|adhd|autis\w+",
           None, "a use for a skin or health complaint"),
    _claim(r"un(?:hack|beat|crack)able|hack[- ]?proof", None, "a promise"),
    _claim(r"(?:no|zero)[- ]log(?:s|ging)?|never logs?|logless",
           r"\b(?:no|zero)[- ](?:\w+ ){0,2}log|(?:never|not|n't|without) (?:\w+ ){0,2}log|logless",
           "a promise of privacy"),
    _claim(r"painless(?:ly)?|pain[- ]free|side[- ]effect[- ]free|risk[- ]free|foolproof|"
           r"fail[- ]?safe", None, "a promise"),
    _claim(r"cash only|cards? only|(?:all )?(?:major )?(?:credit |debit )?cards? (?:payments? )?(?:accepted|welcome)|"
           r"(?:apple|google) pay|pay (?:in|by) (?:instal\w+|cash|card|cheque|crypto)",
           r"cash|card|pay by|instal", "a way to pay"),
    _claim(r"first[- ]class|business[- ]class|all[- ]inclusive|five[- ]course|full[- ]board|"
           r"half[- ]board", None, "a class of service"),
    _claim(r"cures?|heals?|treats? (?:anxiety|depression|pain|acne|arthritis|diabetes)|prevents? (?:disease|"
           r"cancer|illness)|"
           r"detox(?:es|ify)?|miracle", None, "a health claim"),
)  # fmt: skip
