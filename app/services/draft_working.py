"""What somebody has typed on the Draft desk and not saved: a brief in its form, and new wordings of texts.

Kept aside (aside.py) before every save and while a wording is typed, gone once it is saved or put away. Keeping asks
the role that the page was drawn for and not whether the session still counts: its end is what this is for, and only
the person who typed the words reads them again. Leaves out drawing the offer (desks/draft_back.py) and saving.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from app.services import aside
from app.services.people import Actor, require
from db import history, models
from db.queries import owned
from db.session import Database
from relate_engine.brief import Brief, BriefError, parse_brief
from relate_engine.config import Settings

BRIEFS, WORDINGS = "briefs", "wordings"
NEW = 0  # in place of the id of a brief that was never saved
MOST = 20  # offered at a time
Form = Mapping[str, str | list[str]]


@dataclass(frozen=True)
class TypedBrief:
    """`form`: the fields as they were typed. `base`: the saved brief that the typing began from. `kept_as`: the number
    of the brief when it was kept, NEW for one that was never saved."""

    kept_as: int
    brief_id: int | None
    title: str
    form: Form
    base: Brief | None
    at: datetime


@dataclass(frozen=True)
class TypedWording:
    """A new wording of text `was_id`, which stands as `now_id` by now and says `now`."""

    brief_id: int
    was_id: int
    now_id: int
    now: str
    wording: str
    at: datetime


def keep_brief(actor: Actor, config: Settings, brief_id: int | None, form: Form, base: Brief | None) -> bool:
    """Keeps what the form holds; False where the disk refuses, which is no reason not to save."""
    require(replace(actor, role_now=None), "brief.write")
    held = {"form": dict(form), "base": base.model_dump(mode="json") if base else None}
    return aside.put(config, actor, BRIEFS, str(brief_id or NEW), held)


def forget_brief(actor: Actor, config: Settings, brief_id: int | None) -> None:
    aside.drop(config, actor, BRIEFS, str(brief_id or NEW))


def kept_briefs(db: Database, actor: Actor, config: Settings) -> list[TypedBrief]:
    """What the actor typed into forms and did not save, typed last first. One whose brief is no longer there, as after
    a restore of yesterday, is a new brief."""
    require(actor, "brief.write")
    found = []
    with db.read() as session:
        for one in aside.every(config, actor, BRIEFS)[:MOST]:
            try:
                brief_id, form = int(one.name), _form(one.held["form"])
                base = parse_brief(one.held["base"]) if one.held["base"] else None
            except (BriefError, KeyError, TypeError, ValueError):
                continue
            row = owned(session, models.Brief, actor.workspace_id, brief_id) if brief_id else None
            title = row.title if row else str(form.get("product", ""))
            found.append(TypedBrief(brief_id, row.id if row else None, title, form, base if row else None, one.at))
    return found


def keep_wording(actor: Actor, config: Settings, brief_id: int, text_id: int, wording: str) -> bool:
    """Keeps a new wording of a text while it is typed."""
    require(replace(actor, role_now=None), "feedback.give")
    return aside.put(config, actor, WORDINGS, f"{brief_id}-{text_id}", {"wording": wording})


def forget_wording(actor: Actor, config: Settings, brief_id: int, text_id: int) -> None:
    aside.drop(config, actor, WORDINGS, f"{brief_id}-{text_id}")


def kept_wordings(db: Database, actor: Actor, config: Settings, brief_id: int) -> list[TypedWording]:
    """The wordings of a brief's texts that the actor did not save; those that were saved otherwise are left out."""
    require(actor, "feedback.give")
    found = []
    with db.read() as session:
        for one in aside.every(config, actor, WORDINGS, f"{brief_id}-*")[:MOST]:
            text_id, wording = one.name.partition("-")[2], one.held.get("wording")
            if not text_id.isdecimal() or not isinstance(wording, str):
                continue
            row = owned(session, models.Text, actor.workspace_id, int(text_id))
            if row is None or row.brief_id != brief_id:
                continue
            now = history.newest_edit(session, actor.workspace_id, row)
            if wording.strip() and wording.strip() != now.text:
                found.append(TypedWording(brief_id, row.id, now.id, now.text, wording, one.at))
    return found


def with_wordings(db: Database, actor: Actor, config: Settings) -> list[tuple[int, str]]:
    """Id and title of the briefs that the actor has unsaved wordings in, for who comes back and has none open."""
    require(actor, "feedback.give")
    ids = dict.fromkeys(one.name.partition("-")[0] for one in aside.every(config, actor, WORDINGS)[:MOST])
    mine = [int(i) for i in ids if i.isdecimal()]
    found = [i for i in mine if kept_wordings(db, actor, config, i)]
    with db.read() as session:
        rows = [owned(session, models.Brief, actor.workspace_id, i) for i in found]
    return [(row.id, row.title) for row in rows if row is not None]


def _form(held: object) -> dict[str, str | list[str]]:
    """The fields of a file; TypeError where it holds anything else."""
    if not isinstance(held, dict):
        raise TypeError
    for value in held.values():
        if not isinstance(value, str) and not (isinstance(value, list) and all(isinstance(v, str) for v in value)):
            raise TypeError
    return held
