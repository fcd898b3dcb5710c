"""What one browser tab remembers of the Draft desk, and what its parts share.

The open brief is also in the address (`?brief=12`), so refreshing the browser comes back to it with its newest
texts from the database. Everything else here may be lost without losing work.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import streamlit as st

from app.components.context import Context, context
from app.services.brief_merge import lines_of
from app.services.briefs import BriefChanged, get_brief
from app.services.drafting_page import Jobs
from app.services.exporting import ExportRefused
from app.services.people import Forbidden, NotFound
from app.services.stored import StoredText
from db.session import StorageError
from relate_engine.brief import Brief, BriefError, PlacementName
from relate_engine.policy.weights import WeightsError
from relate_engine.scorecard import Scorecard

if TYPE_CHECKING:
    from relate_engine.explain import Explanation

TROUBLE = (BriefError, ExportRefused, Forbidden, NotFound, StorageError, WeightsError)
FIELDS = (
    "product", "description", "benefits", "audience", "tone", "vertical", "countries", "landing_page",
    "keywords", "claims", "reviews", "names", "must_say", "never_say",
)  # fmt: skip


@dataclass(frozen=True)
class BriefConflict:
    """What this tab wanted to save, `known` both began from, and what stood in its way."""

    changed: BriefChanged
    mine: Brief
    known: Brief | None


@dataclass
class DeskState:
    """`texts` by place in the list (set, slot, position): cards redraw from it and from `today`
    without asking the database."""

    brief_id: int | None = None
    base: Brief | None = None  # the saved brief as the form was filled with it
    conflict: "BriefConflict | None" = None  # somebody else saved meanwhile, and it is not settled
    editing: bool = True
    trouble: str = ""
    field_trouble: dict[str, str] = field(default_factory=dict)
    texts: dict[str, StoredText] = field(default_factory=dict)
    today: dict[str, str] = field(default_factory=dict)  # what judges now, read once a run and after new scores
    card_trouble: dict[str, str] = field(default_factory=dict)
    previews: dict[str, tuple[str, Scorecard]] = field(default_factory=dict)
    editing_cards: set[str] = field(default_factory=set)
    explaining: set[str] = field(default_factory=set)  # places whose explanation is open
    explained: dict[str, "Explanation"] = field(default_factory=dict)


def state() -> DeskState:
    """This tab's DeskState."""
    if "draft_desk" not in st.session_state:
        st.session_state.draft_desk = DeskState()
    found: DeskState = st.session_state.draft_desk
    return found


@st.cache_resource(show_spinner=False)
def _jobs(url: str) -> Jobs:
    ctx = context()
    return Jobs(ctx.db, ctx.room)


def jobs_of(ctx: Context) -> Jobs:
    """The drafts of this process."""
    return _jobs(ctx.settings.database)


def open_from_url(ctx: Context) -> None:
    """On the first run of a tab: opens the brief in the address. Later: keeps the address in step."""
    if "draft_opened" not in st.session_state:
        st.session_state.draft_opened = True
        asked = st.query_params.get("brief", "")
        if asked.isascii() and asked.isdigit() and len(asked) < 18:
            try:
                stored = get_brief(ctx.db, ctx.actor, int(asked))
            except NotFound as error:
                state().trouble = str(error)
            else:
                open_brief(stored.id, stored.brief, editing=False)
    if state().brief_id is not None:
        st.query_params["brief"] = str(state().brief_id)
    elif "brief" in st.query_params:
        del st.query_params["brief"]


def open_brief(brief_id: int | None, brief: Brief | None, editing: bool) -> None:
    """Shows a brief (None: an empty one) in the form; forgets the cards of the one before."""
    base = brief if brief_id is not None else None
    st.session_state.draft_desk = DeskState(brief_id=brief_id, base=base, editing=editing)
    fill(brief)


def fill(brief: Brief | None) -> None:
    """Puts a brief's fields into the form."""
    values = dict.fromkeys(FIELDS, "") | {"countries": ["us"]}
    placement: PlacementName = "google_rsa"
    if brief is not None:
        placement, held = brief.placement, lines_of(brief)
        values = {name: "\n".join(held[name]) for name in FIELDS} | {"countries": list(brief.countries)}
    for name, value in values.items():
        st.session_state[f"brief_{name}"] = value
    st.session_state.brief_placement = placement


def typed() -> dict[str, object]:
    """What the form holds, as the JSON of a brief."""
    held = st.session_state

    def lines(name: str) -> list[str]:
        return [line for line in (held.get(f"brief_{name}") or "").splitlines() if line.strip()]

    data: dict[str, object] = {
        name: held.get(f"brief_{name}") or ""
        for name in ("product", "description", "audience", "tone", "vertical", "landing_page")
    }
    data |= {name: lines(name) for name in ("benefits", "keywords", "reviews")}
    data["claims"] = [_claim(line) for line in lines("claims")]
    data["countries"] = held.get("brief_countries") or ["us"]
    data["placement"] = held.get("brief_placement") or "google_rsa"
    data["brand_kit"] = {name: lines(name) for name in ("names", "must_say", "never_say")}
    return data


def _claim(line: str) -> dict[str, str]:
    text, bar, evidence = line.partition("|")
    if not bar or not evidence.strip() or not text.strip():
        raise BriefError(f"Brief, claims: '{line.strip()[:60]}' has no evidence; write it as: claim | evidence.")
    return {"text": text.strip(), "evidence": evidence.strip()}
