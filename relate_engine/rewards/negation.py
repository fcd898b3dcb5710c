"""What a sentence says of a word in it: claims it, denies it, or says it in a way that may be either.

"We never promise a cure" and '"Miracle"? No.' deny; "no X" may itself be the claim ("no side effects"), and so may an
answer that goes on ("Cure it? Not with pills: our tea does") or a quoted press voice. "Isn't it a cure?" and "nobody
cures it faster" claim. For rules that allow it (compliance.py); `text` is folded (folding.py), so quotes are straight.
Leaves out: what a brief denies (denial.py).
"""

import re
from typing import Literal

Stance = Literal["claimed", "doubtful", "denied"]

# Filler between a negation and what it denies: "never (promise) (a) cure", "can't (say) (it) cures".
_FILLER = (
    r"(?:(?:an?|any|the|your|our|this|that|of|be|to|is|are|it|they|we|you|one|can|could|will|would|say|says|claim|claims"
    r"|claiming|way|to|promise|promises|promising|offer|offers|sell|make|call|about|another|some|really|actually|simply"
    r"|prevent|treat|diagnose|or|lend|find|word),?\s+){0,4}"
)
_QUOTE = r"[\"“‘']?"
# "No X" may be the claim itself ("no side effects"), so it lowers by one step; a plain denial clears.
_NEGATION = re.compile(rf"\b(?:no(?!\s+(?:doubt|one|body))|without|nor|none)\s+{_FILLER}{_QUOTE}$", re.I)
_DENIAL = re.compile(
    r"(?:\b(?<!why )(?:not(?!\s+(?:only|just|merely))|never|cannot|nobody|no\s+one|hardly)"
    r"|n't(?!\s+(?:it|this|that|these|they|you|we)\b))\s+"  # "isn't it a cure?" says that it is
    + _FILLER
    + _QUOTE
    + "$",
    re.I,
)
# '"Miracle"? No.', 'Others say "miracle".' and '"Miracle" ads' speak about the word and do not use it.
_NONE_CAN = re.compile(r"\bno\s+\w+\s+(?:is|can|will|makes|keeps)\s+(?:(?:you|it|anyone|ever|be)\s+){0,2}$", re.I)
# A question's answer clears where it is the whole answer; where it goes on ("Not with pills: our tea does") it lowers.
_ANSWER = (
    r"^[^.!?]{0,40}\?[\"”’']?\s+(?:we\s+can't\s+say|nope|hardly|never"
    r"|no(?:t|ne)?(?!\s+(?:doubt|problem|kidding|joke|lie|wonder|question|only|an?\s+(?:problem|dream|joke|worry))))\b"
)
_ANSWERED = re.compile(rf"{_ANSWER}(?:\s+(?:us|ours?|here|way|idea))?\s*(?:[.!,]|$)", re.I)
_ANSWER_GOES_ON = re.compile(rf"{_ANSWER}(?!\s+(?:been\s+)?(?:\w+er|more|less)\b)", re.I)
# "Nobody cures it faster" claims the cure
_NOBODY = re.compile(r"\b(?:nobody|no\s+one)\s", re.I)
_ELSE_DOES = re.compile(
    r"^[^.!?]{0,40}\b(?:better|faster|quicker|sooner|cheaper|easier|safer|longer|harder|closer|more|like\s+(?:us|we|our)"
    r"|as\s+(?:fast|quick|well|much|good|cheap|easi)\w*)\b",
    re.I,
)
_OTHERS = re.compile(
    r"\b(?:others?|they|some|rivals|competitors|labels|people)\s+(?:(?:may|will|might)\s+)?(?:say|claim|promise|call\s+it|shout)"
    r"\s*:?\s*[\"“‘']$",
    re.I,
)
# a quotation closes and the word for a message follows; whether it was opened, `_weigh` looks
_THEIR_ADS = re.compile(
    r"^[^\"”“]{0,40}[\"”]\s+(?:adverts?|ads?|e-?mails?|texts?|calls?|letters?|leaflets?|scams?|headlines?)\b", re.I
)
_PRESS = re.compile(r"^[^\"”.!?]{0,60}[,.]?[\"”],?\s+(?:wrote|writes|said\s+the|says\s+the)\b", re.I)


def stance(text: str, start: int, end: int) -> Stance:
    """How the sentence stands to text[start:end]."""
    before, after = text[max(0, start - 60) : start], text[end : end + 80]
    compared = _NOBODY.search(before) and _ELSE_DOES.search(after)
    if any(p.search(before) for p in (_DENIAL, _NONE_CAN, _OTHERS)) and not compared:
        return "denied"
    quoted = text[:start].count('"') % 2 == 1
    if _ANSWERED.search(after) or (quoted and _THEIR_ADS.search(after)):
        return "denied"
    if _NEGATION.search(before) or any(p.search(after) for p in (_PRESS, _ANSWER_GOES_ON)):
        return "doubtful"
    return "claimed"
