"""What an advertiser asks for: `Brief`, the placements it can be written for, and the angles it supports.

Every field of a brief is data, never an instruction: control characters, chat-control tokens and
overlong fields are refused or removed here, once, so nothing behind this file has to think of them.
Limits and folds are those of the platforms; one that has no public source is marked `assumed`.
Leaves out: the prompt (policy/prompt.py) and any judgement of a text (rewards/).
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

from relate_engine.denial import affirmed
from relate_engine.language import foreign_language

PlacementName = Literal["google_rsa", "meta_feed", "generic"]
Angle = Literal["benefit", "problem", "offer", "how", "audience", "proof", "curiosity"]

ANGLES: dict[Angle, str] = {
    "benefit": "Benefit",
    "problem": "Problem it ends",
    "offer": "Offer",
    "how": "How it works",
    "audience": "Who it is for",
    "proof": "Proof",
    "curiosity": "Curiosity",
}
EU_COUNTRIES = frozenset(
    [
        "at",
        "be",
        "bg",
        "hr",
        "cy",
        "cz",
        "dk",
        "ee",
        "fi",
        "fr",
        "de",
        "gr",
        "hu",
        "ie",
        "it",
        "lv",
        "lt",
        "lu",
        "mt",
        "nl",
        "pl",
        "pt",
        "ro",
        "sk",
        "si",
        "es",
        "se",
        "eu",
    ]
)


class BriefError(ValueError):
    """Bad input that a person can mend; its text is one sentence: what, where, what to do."""


@dataclass(frozen=True)
class Slot:
    """One kind of text in an ad. Widths count full-width characters as 2 (see `width`)."""

    name: str
    label: str
    limit: int  # hard: a text beyond it is dropped
    visible: int  # the fold: what the policy aims at
    full_ad: int  # how many a whole ad holds
    required: int  # fewest that make a complete ad
    assumed: bool = False  # True where no public source states the hard limit

    @property
    def plural(self) -> str:
        """The label for several: Headlines, Bodies."""
        return f"{self.label.removesuffix('y')}ies" if self.label.endswith("y") else f"{self.label}s"


@dataclass(frozen=True)
class Placement:
    name: PlacementName
    label: str
    slots: tuple[Slot, ...]

    def slot(self, name: str) -> Slot:
        for slot in self.slots:
            if slot.name == name:
                return slot
        known = ", ".join(s.name for s in self.slots)
        raise BriefError(f"{self.label} has no slot '{name}'; choose one of: {known}.")


PLACEMENTS: dict[PlacementName, Placement] = {
    "google_rsa": Placement(
        "google_rsa",
        "Google responsive search ad",
        (
            Slot("headline", "Headline", 30, 30, 15, 3),
            Slot("description", "Description", 90, 90, 4, 2),
            Slot("path", "Path", 15, 15, 2, 0),
        ),
    ),
    "meta_feed": Placement(
        "meta_feed",
        "Meta feed ad",
        (
            Slot("primary_text", "Primary text", 2200, 125, 5, 1),
            Slot("headline", "Headline", 255, 40, 5, 1, assumed=True),
            Slot("description", "Description", 255, 30, 5, 0, assumed=True),
        ),
    ),
    "generic": Placement(
        "generic",
        "Generic ad",
        (Slot("headline", "Headline", 60, 60, 5, 1), Slot("body", "Body", 150, 150, 3, 1)),
    ),
}


def placement_of(name: str) -> Placement:
    """The placement called `name`; raises BriefError naming the known ones."""
    for known, placement in PLACEMENTS.items():
        if known == name:
            return placement
    raise BriefError(f"There is no placement '{name}'; choose one of: {', '.join(PLACEMENTS)}.")


def width(text: str) -> int:
    """Width in platform units: wide and full-width characters count 2, combining marks 0."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


# Google's inserts: `{KeyWord:Shoes}`, `{CUSTOMIZER.Price:$9}`, `{LOCATION(City):London}` and `{COUNTDOWN(...)}`, with
# one way to read each blank. Only the last two may stand without a default.
INSERT = re.compile(
    r"\{(?P<name>key ?word\s*(?=:)|customizer\.[^:}]*(?=:)|location\((?:city|state|country)\)"
    r"|(?:global_)?countdown\([^)}]*\))(?::(?P<default>[^}]*))?\}",
    re.I,
)
_COUNTDOWN = re.compile(r"\{(?:global_)?countdown\([^)}]*\)\}", re.I)


def filled(text: str) -> str:
    """A text of a Google ad with what stands in its inserts by default in their place: what people read, and what its
    length counts. An insert without a default stays as it is written: what it shows is not known."""
    return INSERT.sub(lambda found: found[0] if found["default"] is None else found["default"].strip(), text)


def taken(text: str, placement: str) -> int:
    """The width that a text takes of its slot; a countdown without a default takes that of "10 hours"."""
    return width(_COUNTDOWN.sub("10 hours", filled(text)) if placement == "google_rsa" else text)


_CHAT_TOKEN = re.compile(r"<\|[^|>]{0,40}\|>|</?s>|\[/?INST\]", re.I)
_SPACE = re.compile(r"[ \t\r\f\v\u00a0]+")


def clean(text: str) -> str:
    """Text as it was meant: NFC, chat-control tokens and control characters out, spaces folded. Invisible marks, which
    pages put inside words (soft hyphens, zero-width spaces), leave no space behind."""
    text = _CHAT_TOKEN.sub(" ", unicodedata.normalize("NFC", text))
    kinds = ((c, unicodedata.category(c)) for c in text)
    text = "".join(c if c == "\n" or kind[0] != "C" else "" if kind == "Cf" else " " for c, kind in kinds)
    return "\n".join(_SPACE.sub(" ", line).strip() for line in text.splitlines()).strip()


def country_codes(given: Sequence[str]) -> tuple[str, ...]:
    """Two-letter codes in lower case, each once, gb as uk. Raises BriefError naming the one that is none."""
    codes = tuple(dict.fromkeys("uk" if c.lower() == "gb" else c.lower() for c in given))
    for code in codes:
        if not re.fullmatch(r"[a-z]{2}", code):
            raise BriefError(f"'{code}' is not a two-letter country code such as us, uk or de.")
    return codes


_ITEM = {"names": 80, "must_say": 80, "never_say": 80, "keywords": 80}  # most characters of one entry; else 300


class _Cleaned(BaseModel):
    """Every text of a brief, at any depth, is cleaned before it is looked at; empty entries are dropped."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _clean(cls, value: object, field: ValidationInfo) -> object:
        if isinstance(value, str):
            return clean(value)
        if isinstance(value, (list, tuple)) and all(isinstance(v, str) for v in value):
            items = tuple(v for v in map(clean, value) if v)
            most = _ITEM.get(field.field_name or "", 300)
            for item in items:
                if len(item) > most:
                    raise ValueError(f"one line has {len(item):,} characters; keep each under {most}")
            return items
        return value


class Claim(_Cleaned):
    """A claim the advertiser can substantiate, with where the evidence lies."""

    text: str = Field(min_length=1, max_length=300)
    evidence: str = Field(min_length=1, max_length=500)


class BrandKit(_Cleaned):
    """Names spelled exactly, words every ad must hold, words none may hold (25 at most, as Google)."""

    names: tuple[str, ...] = Field(default=(), max_length=25)
    must_say: tuple[str, ...] = Field(default=(), max_length=25)
    never_say: tuple[str, ...] = Field(default=(), max_length=25)


class Brief(_Cleaned):
    """What to advertise, to whom, where. All but product and description are optional."""

    product: str = Field(max_length=80)
    description: str = Field(max_length=2000)
    benefits: tuple[str, ...] = Field(default=(), max_length=12)
    audience: str = Field(default="", max_length=200)
    vertical: str = Field(default="", max_length=80)
    tone: str = Field(default="", max_length=60)
    placement: PlacementName = "google_rsa"
    language: str = "en"
    countries: tuple[str, ...] = Field(default=("us",), max_length=30)  # the EU's members, eu, uk and us
    landing_page: str = Field(default="", max_length=2000)
    keywords: tuple[str, ...] = Field(default=(), max_length=30)
    reviews: tuple[str, ...] = Field(default=(), max_length=10)
    claims: tuple[Claim, ...] = Field(default=(), max_length=10)
    brand_kit: BrandKit = BrandKit()

    @field_validator("countries")
    @classmethod
    def _countries(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return country_codes(value) or ("us",)

    @model_validator(mode="after")
    def _is_workable(self) -> "Brief":
        if self.language != "en":
            raise ValueError(f"'{self.language}' is not supported yet; write the brief in English (en)")
        for name in ("product", "description"):
            if not getattr(self, name):
                raise ValueError(f"{name} is empty; say what is advertised")
        if foreign := foreign_language(" ".join((self.description, *self.benefits))):
            raise ValueError(f"the brief seems to be in {foreign}; only English is supported now")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Names whose spelling is fixed: the product and the brand kit's, longest first."""
        return tuple(sorted({self.product, *self.brand_kit.names}, key=len, reverse=True))

    @property
    def facts(self) -> str:
        """Everything the advertiser states, one point a line: what a text may assert."""
        claims = (f"{c.text} ({c.evidence})" for c in self.claims)
        return "\n".join(
            (self.product, self.description, *self.benefits, self.audience, *self.keywords,
             *self.reviews, *claims, *self.brand_kit.names, *self.brand_kit.must_say)
        )  # fmt: skip


def parse_brief(data: object) -> Brief:
    """A Brief from decoded JSON; raises BriefError with one sentence naming field and remedy."""
    if not isinstance(data, dict):
        raise BriefError("A brief is a JSON object with at least 'product' and 'description'.")
    try:
        return Brief.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(p) for p in first["loc"]) or "brief"
        kind, given = first["type"], first.get("input")
        if kind == "extra_forbidden":
            reason = f"is not a field; the fields are {', '.join(Brief.model_fields)}"
        elif kind == "missing":
            reason = "is missing; say what is advertised"
        elif kind == "string_too_long" and isinstance(given, str):
            most = first["ctx"]["max_length"]
            reason = f"has {len(given):,} characters; the most is {most:,}, so shorten it"
        elif kind == "string_too_short":
            reason = "is empty; fill it in, or leave the claim out"
        elif kind == "too_long":
            reason = f"has too many entries; the most is {first['ctx']['max_length']}"
        else:
            reason = first["msg"].removeprefix("Value error, ").rstrip(".")
        raise BriefError(f"Brief: {reason}." if field == "brief" else f"Brief, {field}: {reason}.") from error


OFFER = re.compile(
    r"\b\d+\s?%\s?(?:off|discount)|\bfree (?:shipping|delivery|trial|returns|month|gift|sample|quote|consultation)"
    r"|\bdiscount|\bcode [A-Z0-9]{3,}|[$€£]\s?\d|\b\d+[- ](?:day|week|month) (?:free )?trial|\bmoney[- ]back"
    r"|\bsaves? \d|\b\d+ (?:euros?|pounds|dollars)\b|\bAPR\b|\bno fee\b|\bbuy one\b"
    r"|\bno (?:setup|booking|delivery|monthly|joining) fees?\b|\bfree\b",
    re.I,
)
PROOF = re.compile(
    r"\bcertif|\baward|\blicen[sc]ed|\baccredited|\brated \d|\b\d[\d,.]* (?:reviews|customers|members|users|buyers)"
    r"|\bsince (?:19|20)\d\d|\btested\b|\bpatent|\bregulated|\binsured\b|\bgold medal",
    re.I,
)


def supported_angles(brief: Brief) -> tuple[Angle, ...]:
    """Angles this brief can be argued from: an offer or proof only where the brief holds one.

    What a brief denies ("no free trial", "not certified") is neither.
    """
    angles: list[Angle] = ["benefit", "problem", "how"]
    facts = affirmed(brief.facts)
    if OFFER.search(facts):
        angles.append("offer")
    if brief.audience:
        angles.append("audience")
    if brief.claims or brief.reviews or PROOF.search(facts):
        angles.append("proof")
    angles.append("curiosity")
    return tuple(angles)


def full_ad(brief: Brief) -> dict[str, int]:
    """How many texts of each slot make the placement's whole ad."""
    return {s.name: s.full_ad for s in placement_of(brief.placement).slots}
