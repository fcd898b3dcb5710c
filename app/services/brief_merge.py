"""Two versions of one brief: where they differ, field by field, and one brief out of both.

Whoever saves second began from a version that both know, so it can be said who changed a field since: a field that
only one of the two changed goes on as that one has it, unless the person chooses otherwise. Every field is lines, as
its form shows it. Leaves out finding the conflict (briefs.py) and asking (desks/draft_merge.py, desks/briefs_row.py).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from relate_engine.brief import Brief, parse_brief

Side = Literal["theirs", "mine"]
Lines = Mapping[str, tuple[str, ...]]
FIELDS = {  # in the order of the form
    "placement": "Write for", "product": "Product", "description": "Description", "benefits": "Benefits",
    "audience": "Audience", "tone": "Tone", "vertical": "Vertical", "countries": "Countries",
    "claims": "Claims you can prove", "reviews": "Customer reviews", "keywords": "Keywords", "names": "Brand names",
    "must_say": "Must say", "never_say": "Never say", "landing_page": "Landing page",
}  # fmt: skip
KIT = ("names", "must_say", "never_say")


@dataclass(frozen=True)
class Difference:
    """A field that is not the same in both. `changed`: who changed it since the version that both know."""

    name: str
    label: str
    theirs: tuple[str, ...]
    mine: tuple[str, ...]
    changed: Literal["theirs", "mine", "both"]

    @property
    def suggested(self) -> Side:
        """The one that changed it; mine where both did."""
        return "theirs" if self.changed == "theirs" else "mine"


def lines_of(brief: Brief) -> dict[str, tuple[str, ...]]:
    """What a brief holds by field, a line each, as its form shows it; a field that is empty has none."""
    kit = brief.brand_kit
    held: dict[str, tuple[str, ...]] = {
        "benefits": brief.benefits, "countries": brief.countries, "keywords": brief.keywords, "reviews": brief.reviews,
        "claims": tuple(f"{claim.text} | {claim.evidence}" for claim in brief.claims),
        "names": kit.names, "must_say": kit.must_say, "never_say": kit.never_say,
    }  # fmt: skip
    single = {name: getattr(brief, name) for name in FIELDS if name not in held}
    return held | {name: (value,) if value else () for name, value in single.items()}


def differences(labels: Mapping[str, str], known: Lines | None, theirs: Lines, mine: Lines) -> tuple[Difference, ...]:
    """The fields of `labels` where the two differ. `known`: what both began from; None where nobody knows."""
    found = []
    for name, label in labels.items():
        a, b = theirs[name], mine[name]
        if a != b:
            before = known[name] if known is not None else None
            changed: Literal["theirs", "mine", "both"] = "theirs" if before == b else "mine" if before == a else "both"
            found.append(Difference(name, label, a, b, changed))
    return tuple(found)


def merged(theirs: Brief, mine: Brief, from_mine: Iterable[str]) -> Brief:
    """Their brief with some of my fields in place of theirs. BriefError where the two do not go together."""
    data, other = theirs.model_dump(mode="json"), mine.model_dump(mode="json")
    for name in from_mine:
        if name in KIT:
            data["brand_kit"][name] = other["brand_kit"][name]
        else:
            data[name] = other[name]
    return parse_brief(data)
