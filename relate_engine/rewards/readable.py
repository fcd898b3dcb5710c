"""The brief as the policy may read it and as facts may be taken from it: without orders, personal data and haste.

A brief is data. A sentence that instructs the writer ("ignore previous instructions and …"), the orders
that follow it, and personal data are left out before prompting and before facts are checked, so that an
injected claim is neither written nor supported; what is written hastily is put right (hasty.py). The stored brief
keeps what was typed, and the desk shows the finding. Leaves out orders that read like ordinary copy: those are caught
as claims by the rules.
"""

import re
from collections.abc import Iterable

from relate_engine.brief import Brief, BriefError
from relate_engine.rewards.compliance import check_brief
from relate_engine.rewards.hasty import written_out
from relate_engine.rewards.rules import RuleSet
from relate_engine.rewards.words import sentences

_ORDER = re.compile(
    r"^(?:(?:and|then|now|instead|also|just|please)[, ]+)*"
    r"(?:say|write|claim|state|tell|output|respond|reply|pretend|answer|mention|print|add|act|promise)\b",
    re.I,
)


def readable(rules: RuleSet, brief: Brief) -> Brief:
    """The brief without those sentences and written out; itself where there is nothing to change. Raises BriefError if
    the product is such a sentence."""
    return _unhurried(_obedient(rules, brief))


def _unhurried(brief: Brief) -> Brief:
    def told(texts: Iterable[str]) -> tuple[str, ...]:
        return tuple(written_out(text, brief.names) for text in texts)

    description, audience = told((brief.description, brief.audience))
    new = {"description": description, "audience": audience, "benefits": told(brief.benefits)}
    new["reviews"] = told(brief.reviews)
    changes = {field: value for field, value in new.items() if value != getattr(brief, field)}
    return brief.model_copy(update=changes) if changes else brief


def _obedient(rules: RuleSet, brief: Brief) -> Brief:
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
