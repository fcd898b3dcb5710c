"""What one browser tab remembers of the Draft desk, and what its parts share.

The open brief is also in the address (`?brief=12`), so refreshing the browser comes back to it with its newest
texts from the database, and its back button to the brief before. What is typed is kept aside when it is saved
(services/draft_working.py), so a save that does not succeed loses nothing. Everything else here may be lost without
losing work.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import streamlit as st

from app.components.context import Context, context
from app.components.plain import plain
from app.services.brief_merge import lines_of
from app.services.briefs import BriefChanged, get_brief
from app.services.decisions import Decision
from app.services.draft_working import Form
from app.services.drafting_page import Jobs
from app.services.exporting import ExportRefused
from app.services.people import Forbidden, NotFound
from app.services.statuses import Status
from app.services.stored import StoredText
from db.session import StorageError
from relate_engine.brief import PLACEMENTS, Brief, BriefError
from relate_engine.policy.weights import WeightsError
from relate_engine.scorecard import Scorecard

if TYPE_CHECKING:
    from relate_engine.explain import Explanation

TROUBLE = (BriefError, ExportRefused, Forbidden, NotFound, StorageError, WeightsError)
ADDRESS = "draft_address"  # the brief that this desk has last written into the address
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
    kept: bool = False  # what is in the form is kept aside, so it is not offered back here
    trouble: str = ""
    field_trouble: dict[str, str] = field(default_factory=dict)
    texts: dict[str, StoredText] = field(default_factory=dict)
    statuses: dict[int, Status] = field(default_factory=dict)  # of the texts that are drawn, by text
    decisions: dict[int, Decision] = field(default_factory=dict)  # what reviewers said of them
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


@contextmanager
def tried() -> Iterator[None]:
    """Around what a click does: trouble is told at the top of the page, which is drawn next."""
    try:
        yield
    except TROUBLE as error:
        state().trouble = str(error)


@contextmanager
def told() -> Iterator[None]:
    """Around a fragment or a dialog, whose trouble does not reach the page: it is told in its place."""
    try:
        yield
    except TROUBLE as error:
        st.error(plain(str(error)), icon=":material/error:")


@st.cache_resource(show_spinner=False)
def _jobs(url: str) -> Jobs:
    ctx = context()
    return Jobs(ctx.db, ctx.room)


def jobs_of(ctx: Context) -> Jobs:
    """The drafts of this process."""
    return _jobs(ctx.settings.database)


def open_from_url(ctx: Context) -> None:
    """Opens the brief in the address where it is not the one that this desk wrote there last: the tab is new, or the
    browser went back or forward. Else the address follows the desk."""
    asked, told = st.query_params.get("brief", ""), st.session_state.get(ADDRESS)
    if asked and asked not in (told, str(state().brief_id)):
        _open_asked(ctx, asked)
    elif told and not asked and "brief_choice" in st.session_state and not state().editing:
        open_brief(None, None, editing=True)  # back to before the first brief; coming from another desk keeps it open
    now = str(state().brief_id or "")
    st.session_state[ADDRESS] = now
    if now and now != asked:
        st.query_params["brief"] = now
    elif not now and "brief" in st.query_params:
        del st.query_params["brief"]


def _open_asked(ctx: Context, asked: str) -> None:
    if asked.isascii() and asked.isdigit() and len(asked) < 18:
        try:
            stored = get_brief(ctx.db, ctx.actor, int(asked))
        except NotFound as error:
            state().trouble = str(error)
        else:
            open_brief(stored.id, stored.brief, editing=False)


def open_brief(brief_id: int | None, brief: Brief | None, editing: bool) -> None:
    """Shows a brief (None: an empty one) in the form; forgets the cards of the one before."""
    base = brief if brief_id is not None else None
    st.session_state.draft_desk = DeskState(brief_id=brief_id, base=base, editing=editing)
    fill(brief)


def fill(brief: Brief | None) -> None:
    """Puts a brief's fields into the form."""
    put_form(form_of(brief))


def form_of(brief: Brief | None) -> dict[str, str | list[str]]:
    """A brief as its form shows it; None: an empty form."""
    held = lines_of(brief) if brief is not None else {}
    fields: dict[str, str | list[str]] = {name: "\n".join(held.get(name, ())) for name in FIELDS}
    fields["countries"] = list(brief.countries) if brief is not None else ["us"]
    fields["placement"] = brief.placement if brief is not None else "google_rsa"
    return fields


def put_form(form: Form) -> None:
    """Puts fields into the form; what is missing or unknown stays empty."""
    for name, empty in form_of(None).items():
        value = form.get(name, empty)
        known = isinstance(value, type(empty)) and (name != "placement" or value in PLACEMENTS)
        st.session_state[f"brief_{name}"] = value if known else empty


def form_now() -> dict[str, str | list[str]]:
    """What the form holds, as it was typed."""
    return {name: st.session_state.get(f"brief_{name}") or empty for name, empty in form_of(None).items()}


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
