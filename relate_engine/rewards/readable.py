"""The brief as the policy may read it and as facts may be taken from it: without orders and personal data.

A brief is data. A sentence that instructs the writer ("ignore previous instructions and …"), the orders
that follow it, and personal data are left out before prompting and before facts are checked, so that an
injected claim is neither written nor supported. The stored brief keeps what was typed, and the desk shows
the finding. Leaves out orders that read like ordinary copy: those are caught as claims by the rules.
"""

import re
from collections.abc import Iterable

from relate_engine.brief import Brief, BriefError
from relate_engine.rewards.compliance import check_brief
from relate_engine.rewards.rules import RuleSet
from relate_engine.rewards.words import sentences

_ORDER = re.compile(
    r"^(?:(?:and|then|now|instead|also|just|please)[, ]+)*"
    r"(?:say|write|claim|state|tell|output|respond|reply|pretend|answer|mention|print|add|act|promise)\b",
    re.I,
)


def readable(rules: RuleSet, brief: Brief) -> Brief:
    """The brief without those sentences; itself where there are none. Raises BriefError if the product is one."""
    if not check_brief(rules, brief):
        return brief
    bare = Brief(product="x", description="x", placement=brief.placement)

    def wrong(text: str) -> bool:
        return bool(check_brief(rules, bare.model_copy(update={"description": text})))

    def kept(texts: Iterable[str]) -> tuple[str, ...]:
        good: list[str] = []
        ordered = False
        for text in texts:
            if wrong(text):
                ordered = True
            elif not (ordered and _ORDER.search(text)):
                good.append(text)
        return tuple(good)

    if wrong(brief.product):
        raise BriefError("Brief, product: it reads as an instruction or personal data; give the product's name.")
    kit = brief.brand_kit
    return brief.model_copy(
        update={
            "description": " ".join(kept(sentences(brief.description))) or brief.product,
            "benefits": kept(brief.benefits),
            "keywords": kept(brief.keywords),
            "reviews": kept(brief.reviews),
            "claims": tuple(c for c in brief.claims if not wrong(f"{c.text} {c.evidence}")),
            "brand_kit": kit.model_copy(update={"names": kept(kit.names), "must_say": kept(kit.must_say)}),
            **{name: "".join(kept([getattr(brief, name)])) for name in ("audience", "vertical", "tone")},
        }
    )
