"""Files that leave the studio for a platform: Google Ads Editor and Meta.

They are never escaped, since an apostrophe would become ad text: a text that a spreadsheet would run as a formula is
refused instead. The plain table for analysts is exporting_table.py.
A refusal lists everything that is missing; a text that was scored before its brief or the rules changed cannot go to a
platform, nor one that was rejected, nor one that is not approved where the workspace says so (approval.py). All files
are UTF-8 with a byte order mark, which Google Ads Editor reads and Excel needs; quoting is RFC 4180.
Making a file changes nothing; feedback.export notes that it was taken.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from functools import lru_cache
from urllib.parse import urlsplit

from app.services.approval import held_back
from app.services.blocking import blocks, confirmed
from app.services.briefs import get_brief
from app.services.drafting import get_texts
from app.services.exporting_table import csv_bytes, plain_csv, unsafe
from app.services.people import Actor, require
from app.services.stored import StoredText, is_stale
from db.session import Database
from relate_engine.brief import placement_of, taken
from relate_engine.config import ASSETS
from relate_engine.rewards.compliance import check_ad
from relate_engine.rewards.rules import RuleSet, load_rules
from relate_engine.scorecard import Finding

MIME = "text/csv"
ENCODING_NOTE = "The file is UTF-8 with a byte order mark, so that Google Ads Editor and Excel both read it."
META_NOTE = "The columns follow Meta's own exports but were not checked against a live account."

EDITOR_COLUMNS: tuple[str, ...] = (
    "Campaign", "Ad group", "Ad type",
    *(f"Headline {i}" for i in range(1, 16)),
    *(f"Headline {i} position" for i in range(1, 16)),
    *(f"Description {i}" for i in range(1, 5)),
    *(f"Description {i} position" for i in range(1, 5)),
    "Path 1", "Path 2", "Final URL", "Status",
)  # fmt: skip
META_COLUMNS: tuple[str, ...] = (
    "Campaign Name", "Ad Set Name", "Ad Name", "Ad Status",
    "Title", *(f"Additional Title {i}" for i in range(1, 5)),
    "Body", *(f"Additional Body {i}" for i in range(1, 5)),
    "Link Description", *(f"Additional Link Description {i}" for i in range(1, 5)),
    "Link",
)  # fmt: skip
_PINS = {"headline": 3, "description": 2}  # the highest position a text may be pinned to
_COUNTED = ("ad_minimum", "ad_maximum")  # checks of a whole ad that _set_problems words by itself


class ExportRefused(ValueError):  # noqa: N818  (a refusal, not a fault)
    """The ad cannot leave yet. `problems` lists everything that is missing, one sentence each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = tuple(problems)


def editor_csv(
    db: Database,
    actor: Actor,
    text_ids: Iterable[int],
    campaign: str,
    ad_group: str,
    final_url: str,
    pins: Mapping[int, int] | None = None,
) -> bytes:
    """One responsive search ad as a Google Ads Editor file, paused, or ExportRefused.

    `pins`: position by text id (headlines 1 to 3, descriptions 1 to 2).
    """
    require(actor, "ad.export")
    texts = get_texts(db, actor, dict.fromkeys(text_ids))
    must_say, blocking = _must_say(db, actor, texts), confirmed(db, actor)
    problems = editor_problems(texts, campaign, ad_group, final_url, pins, must_say, blocking)
    _refuse(db, actor, texts, problems)
    row = {"Campaign": campaign.strip(), "Ad group": ad_group.strip(), "Ad type": "Responsive search ad"}
    row |= {"Final URL": final_url.strip(), "Status": "Paused"}
    for slot, name in (("headline", "Headline"), ("description", "Description"), ("path", "Path")):
        for i, text in enumerate((t for t in texts if t.slot == slot), 1):
            row[f"{name} {i}"] = text.text
            if pins and text.id in pins:
                row[f"{name} {i} position"] = str(pins[text.id])
    return csv_bytes(EDITOR_COLUMNS, [row])


def editor_problems(
    texts: Sequence[StoredText],
    campaign: str,
    ad_group: str,
    final_url: str,
    pins: Mapping[int, int] | None = None,
    must_say: Sequence[str] = (),
    blocking: Set[str] = frozenset(),
) -> list[str]:
    """Everything that keeps these texts from being a complete ad for Editor; empty when ready.

    `blocking`: the categories in which the classifier blocks in the workspace (blocking.py)."""
    problems = _named("campaign", campaign) + _named("ad group", ad_group) + _url("final URL", final_url)
    problems += _set_problems(texts, "google_rsa") + [p for text in texts for p in text_problems(text, blocking)]
    by_id = {text.id: text for text in texts}
    for text_id, position in (pins or {}).items():
        text = by_id.get(text_id)
        if text is None:
            problems.append(f"Text {text_id} is pinned but not among the texts; unpin it or add it.")
        elif not 1 <= position <= _PINS.get(text.slot, 0):
            allowed = f"1 to {_PINS[text.slot]}" if text.slot in _PINS else "no position"
            problems.append(f"The {text.slot} '{_short(text)}' is pinned to {position}; a {text.slot} takes {allowed}.")
    return problems + _ad_problems(texts, "google_rsa", must_say, pins)


def meta_csv(
    db: Database, actor: Actor, text_ids: Iterable[int], campaign: str, ad_set: str, ad_name: str, link: str
) -> bytes:
    """One Meta feed ad with up to five options of each text, paused, or ExportRefused. See META_NOTE."""
    require(actor, "ad.export")
    texts = get_texts(db, actor, dict.fromkeys(text_ids))
    problems = meta_problems(texts, campaign, ad_set, ad_name, link, _must_say(db, actor, texts), confirmed(db, actor))
    _refuse(db, actor, texts, problems)
    row = {"Campaign Name": campaign.strip(), "Ad Set Name": ad_set.strip(), "Ad Name": ad_name.strip()}
    row |= {"Ad Status": "PAUSED", "Link": link.strip()}
    for slot, name in (("headline", "Title"), ("primary_text", "Body"), ("description", "Link Description")):
        for i, text in enumerate(t for t in texts if t.slot == slot):
            row[f"Additional {name} {i}" if i else name] = text.text
    return csv_bytes(META_COLUMNS, [row])


def meta_problems(
    texts: Sequence[StoredText], campaign: str, ad_set: str, ad_name: str, link: str, must_say: Sequence[str] = (),
    blocking: Set[str] = frozenset(),
) -> list[str]:  # fmt: skip
    """Everything that keeps these texts from being a complete Meta ad; empty when ready. `blocking`: see above."""
    problems = _named("campaign", campaign) + _named("ad set", ad_set) + _named("ad name", ad_name)
    problems += _url("link", link) + _set_problems(texts, "meta_feed")
    problems += [p for text in texts for p in text_problems(text, blocking)]
    return problems + _ad_problems(texts, "meta_feed", must_say)


def ad_table(db: Database, actor: Actor, text_ids: Iterable[int]) -> bytes:
    """One ad for another platform as the plain table, whose cells are escaped, or ExportRefused."""
    require(actor, "ad.export")
    texts = get_texts(db, actor, dict.fromkeys(text_ids))
    must_say, blocking = _must_say(db, actor, texts), confirmed(db, actor)
    problems = _set_problems(texts, "generic") + [p for text in texts for p in _unfit(text, blocking)]
    problems += _ad_problems(texts, "generic", must_say)
    _refuse(db, actor, texts, problems)
    return plain_csv(db, actor, [text.id for text in texts])


def _refuse(db: Database, actor: Actor, texts: Sequence[StoredText], problems: list[str]) -> None:
    """ExportRefused with these problems and what was rejected or is not approved, if there is any."""
    with db.read() as session:
        problems = [*problems, *held_back(session, actor, texts).values()]
    if problems:
        raise ExportRefused(problems)


def ad_cautions(db: Database, actor: Actor, text_ids: Iterable[int]) -> list[str]:
    """What to look at in the whole ad, such as words of the brand kit that no text holds; stops no export."""
    require(actor, "text.read")
    texts = get_texts(db, actor, dict.fromkeys(text_ids))
    must_say = _must_say(db, actor, texts)
    return [
        f"{finding.message} {finding.fix}".strip()
        for placement in dict.fromkeys(text.placement for text in texts)
        for finding in set_findings(texts, placement, must_say)
        if finding.severity != "block"
    ]


def _named(what: str, value: str) -> list[str]:
    if not value.strip():
        return [f"The {what} is missing; type its name."]
    return unsafe(f"The {what}", value.strip())


def _url(what: str, value: str) -> list[str]:
    value = value.strip()
    if not value:
        return [f"The {what} is missing; paste the address of the landing page."]
    try:
        parts = urlsplit(value)
        good = parts.scheme in ("http", "https") and "." in (parts.hostname or "").strip(".")
        good = good and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good or len(value) > 2048 or any(c.isspace() or not c.isprintable() for c in value):
        return [f"The {what} '{value[:60]}' is not a web address; it begins with https:// and has no spaces."]
    return unsafe(f"The {what}", value)


def _set_problems(texts: Sequence[StoredText], placement: str) -> list[str]:
    """Too few or too many of a slot, repeats, and texts made for somewhere else."""
    known = placement_of(placement)
    problems = []
    for slot in known.slots:
        mine = [text for text in texts if text.slot == slot.name and text.placement == placement]
        word, plural = slot.label.lower(), slot.plural.lower()
        if len(mine) < slot.required:
            have = f"{len(mine)} {word if len(mine) == 1 else plural}"
            more = slot.required - len(mine)
            problems.append(f"The ad has {have} and needs at least {slot.required}; pick {more} more.")
        if len(mine) > slot.full_ad:
            problems.append(
                f"The ad has {len(mine)} {plural} and takes at most {slot.full_ad}; "
                f"unpick or reject {len(mine) - slot.full_ad}."
            )
        seen: set[str] = set()
        for text in mine:
            if text.text.casefold() in seen:
                problems.append(f"The {word} '{_short(text)}' is there twice; unpick or reject one.")
            seen.add(text.text.casefold())
    for text in texts:
        if text.placement != placement:
            problems.append(f"'{_short(text)}' was written for another placement; unpick or reject it.")
    return problems


@lru_cache(maxsize=1)
def rules_of_today() -> RuleSet:
    return load_rules(ASSETS / "rules")


def _must_say(db: Database, actor: Actor, texts: Sequence[StoredText]) -> list[str]:
    briefs = [get_brief(db, actor, brief_id).brief for brief_id in dict.fromkeys(text.brief_id for text in texts)]
    return list(dict.fromkeys(words for brief in briefs for words in brief.brand_kit.must_say))


def set_findings(
    texts: Sequence[StoredText], placement: str, must_say: Sequence[str], pins: Mapping[int, int] | None = None
) -> list[Finding]:
    """Findings about texts as one ad, by today's rules; not of their counts, nor of the pins of single texts."""
    slots: dict[str, list[str]] = {}
    placed: dict[str, list[int | None]] = {}
    for text in texts:
        if text.placement == placement:
            position = (pins or {}).get(text.id, 0)
            slots.setdefault(text.slot, []).append(text.text)
            pinned = position if 1 <= position <= _PINS.get(text.slot, 0) else None
            placed.setdefault(text.slot, []).append(pinned)
    rules = rules_of_today()
    told = {rule.id for rule in rules.rules if rule.check in _COUNTED}
    found = check_ad(rules, placement, slots, placed, must_say)
    return [finding for finding in found if finding.rule_id not in told]


def _ad_problems(
    texts: Sequence[StoredText], placement: str, must_say: Sequence[str], pins: Mapping[int, int] | None = None
) -> list[str]:
    found = set_findings(texts, placement, must_say, pins)
    return [f"{finding.message} {finding.fix}".strip() for finding in found if finding.severity == "block"]


def text_problems(text: StoredText, blocking: Set[str]) -> list[str]:
    """What keeps one text from leaving for a platform, which takes its cell as it is."""
    return unsafe(_named_text(text), text.text) + _unfit(text, blocking)


def _named_text(text: StoredText) -> str:
    return f"The {placement_of(text.placement).slot(text.slot).label.lower()} '{_short(text)}'"


def _unfit(text: StoredText, blocking: Set[str]) -> list[str]:
    """What keeps one text from leaving at all: too wide, blocked, not scored by today's brief and rules."""
    slot, what = placement_of(text.placement).slot(text.slot), _named_text(text)
    problems = []
    if (wide := taken(text.text, text.placement)) > slot.limit:
        problems.append(f"{what} is {wide} wide and the limit is {slot.limit}; shorten it.")
    if text.slot != "primary_text" and "\n" in text.text:
        problems.append(f"{what} has a line break; write it on one line.")
    if text.slot == "path" and ("/" in text.text or " " in text.text):
        problems.append(f"{what} has a slash or a space; use letters, digits and hyphens.")
    if text.card is None:
        problems.append(f"{what} has not been scored; score it first.")
    elif held := [f.rule_id for f in text.card.findings if blocks(f, blocking, text.cleared)]:
        problems.append(f"{what} is blocked by {', '.join(dict.fromkeys(held))}; mend, unpick or reject it.")
    elif is_stale(text, {"rules": text.rules_today or rules_of_today().version}):
        why = "its brief was changed" if text.brief_changed else "the rules were changed"
        problems.append(f"{what} was scored before {why}; score it again first.")
    return problems


def _short(text: StoredText) -> str:
    one_line = " ".join(text.text.split())
    return one_line if len(one_line) <= 40 else one_line[:39] + "…"
