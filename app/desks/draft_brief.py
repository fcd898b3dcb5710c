"""The brief on the Draft desk: choosing one, three examples, the form, and its summary.

A fault is shown at its field and nothing typed is lost: the form keeps what it holds until it is saved.
Leaves out what a field may hold (relate_engine/brief.py says so) and drafting itself (draft_write.py).
"""

import json
from functools import lru_cache

import streamlit as st

from app.components.context import Context
from app.components.countries import COUNTRIES, country
from app.components.marks import SEVERITIES
from app.components.plain import plain
from app.components.when import when
from app.desks.draft_state import fill, open_brief, state, tried
from app.desks.draft_write import save_typed, write_bar
from app.services.briefs import archive_brief, get_brief, list_briefs, restore_brief
from app.services.people import may
from app.services.scoring import brief_findings
from app.services.stored import StoredBrief
from relate_engine.brief import PLACEMENTS, Brief, parse_brief, placement_of
from relate_engine.config import ASSETS
from relate_engine.rewards.rules import uncovered

COUNTRIES_HELP = (
    "Rules of their own law apply for the United States, the United Kingdom, the European Union and its members, and "
    "China; for any other country only the general rules and the platform's run. Type a two-letter code for one that "
    "is not listed."
)
NEW = 0  # the choice that is no saved brief


@lru_cache(maxsize=1)
def examples() -> tuple[Brief, ...]:
    """The worked examples, in the order of their file names."""
    files = sorted((ASSETS / "briefs").glob("*.json"))
    return tuple(parse_brief(json.loads(file.read_text("utf-8"))) for file in files)


def brief_bar(ctx: Context, stored: StoredBrief | None) -> None:
    """Which brief is open, and the ways to another one."""
    writes = may(ctx.actor, "brief.write")
    briefs = {brief.id: brief for brief in list_briefs(ctx.db, ctx.actor)}
    if stored is not None:
        briefs.setdefault(stored.id, stored)
    st.session_state.brief_choice = stored.id if stored else NEW

    def named(brief_id: int) -> str:
        if brief_id == NEW:
            return "New brief" if writes else "Choose a brief"
        brief = briefs[brief_id]
        where = placement_of(brief.brief.placement).label
        # the number keeps labels apart: the browser answers with the label
        return f"{brief.title} · {where} · {when(brief.updated_at)} · no. {brief.id}"

    with st.container(horizontal=True, vertical_alignment="center", key="brief_bar"):
        st.markdown("Brief:", width="content")
        st.selectbox(
            "Saved briefs", [NEW, *briefs], key="brief_choice", format_func=named, on_change=_choose, args=(ctx,),
            label_visibility="collapsed",
        )  # fmt: skip
        if writes and stored is not None:
            st.button("New brief", key="brief_new", icon=":material/add:", on_click=open_brief, args=(None, None, True))
        if writes and stored is not None and not stored.archived:
            st.button("Archive", key="brief_archive", icon=":material/archive:", on_click=_archive, args=(ctx, stored),
                      help="Takes the brief off this list. Its texts and feedback stay.")  # fmt: skip
    if stored is None and not writes:
        none = "No briefs yet; an advertiser or an admin writes them."
        st.info("Choose a brief above to read its texts." if briefs else none, icon=":material/menu_book:")
    elif stored is None:
        with st.container(horizontal=True, vertical_alignment="center", key="examples"):
            st.markdown("Start from an example:", width="content")
            for number, example in enumerate(examples()):
                st.button(plain(example.product), key=f"example_{number}", on_click=_example, args=(example,),
                          help=plain(f"{placement_of(example.placement).label}: {example.vertical}"))  # fmt: skip


def brief_form(ctx: Context, stored: StoredBrief | None) -> None:
    """The form. The placement stands outside, because what can be written depends on it."""
    if "brief_product" not in st.session_state:
        fill(None)
    with st.container(horizontal=True, vertical_alignment="center", key="write_for"):
        st.markdown("Write for:", width="content")
        placement = st.segmented_control(
            "Write for", list(PLACEMENTS), key="brief_placement", format_func=lambda name: PLACEMENTS[name].label,
            required=True, persist_state="session", label_visibility="collapsed", wrap=True,
        ) or "google_rsa"  # fmt: skip
    with st.form("brief", enter_to_submit=False):
        left, right = st.columns(2, gap="medium")
        with left:
            _text("product", "Product", "As it is spelled in ads", placeholder="TideLock Kayak Rack")
            _area("description", "Description", 118, "What it is, what it does, what it costs. Texts may only say "
                  "what stands in the brief.")  # fmt: skip
            _area("benefits", "Benefits, one a line", 118)
        with right:
            _text("audience", "Audience", placeholder="paddlers who live in small flats")
            _text("tone", "Tone", placeholder="plain, warm")
            _text("vertical", "Vertical", "The line of business", placeholder="outdoor gear")
            st.multiselect(
                "Countries", list(COUNTRIES), key="brief_countries", accept_new_options=True, persist_state="session",
                format_func=country, help=COUNTRIES_HELP,
            )  # fmt: skip
            _trouble("countries")
        with st.expander("More: keywords, proof, reviews, brand names, words to say or avoid, landing page"):
            left, right = st.columns(2, gap="medium")
            with left:
                _area("claims", "Claims you can prove, one a line: claim | evidence", 96,
                      placeholder="Holds 120 lb | load test by Hartwell Lab, March 2026")  # fmt: skip
                _area("reviews", "Customer reviews, one a line", 96)
                _area("keywords", "Keywords, one a line", 96)
            with right:
                _area("names", "Brand names, one a line", 68, "Spelled exactly so in every text.")
                _area("must_say", "Must say, one a line", 68, "The whole ad has to hold each of them.")
                _area("never_say", "Never say, one a line", 68, "At most 25.")
                _text("landing_page", "Landing page", "Used as the final URL of an export. It is not read.",
                      placeholder="https://")  # fmt: skip
        _trouble("brief")
        if stored is not None and stored.archived:
            _archived_form(ctx, stored)
        write_bar(ctx, stored, placement, st.form_submit_button)


def _archived_form(ctx: Context, stored: StoredBrief) -> None:
    """The two ways on for who has an archived brief in the form; both keep what was typed."""
    if "brief" not in state().field_trouble:
        st.warning("This brief is archived; restore it, or save yours as a new brief.", icon=":material/archive:")
    with st.container(horizontal=True, key="brief_archived"):
        st.form_submit_button("Restore this brief", key="brief_restore", icon=":material/unarchive:",
                              on_click=_restore, args=(ctx, stored))  # fmt: skip
        st.form_submit_button("Save mine as a new brief", key="brief_save_new", icon=":material/note_add:",
                              on_click=_save_as_new, args=(ctx,))  # fmt: skip


def brief_summary(ctx: Context, stored: StoredBrief) -> None:
    """The open brief in a few lines, with the way back to its form."""
    brief = stored.brief
    with st.container(border=True, key="brief_summary"):
        where = ", ".join(map(country, brief.countries))
        facts = [placement_of(brief.placement).label, where, brief.audience, brief.tone]
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f"**{plain(brief.product)}**  \n:small[{plain(' · '.join(filter(None, facts)))}]")
            if may(ctx.actor, "brief.write"):
                st.button("Edit brief", key="brief_edit", icon=":material/edit_note:", on_click=_edit)
        st.caption(plain(brief.description if len(brief.description) < 240 else f"{brief.description[:239]}…"))
        if without := uncovered(brief.countries):
            names = ", ".join(map(country, without))
            st.caption(plain(f"No rule holds the law of {names}: only the general rules and the platform's run there."))
        for finding in brief_findings(brief):
            word, icon = SEVERITIES[finding.severity]
            st.warning(f"{icon} **{word}** {plain(f'{finding.rule_id} {finding.message} {finding.fix}')}")
        if stored.archived:
            with st.container(horizontal=True, vertical_alignment="center"):
                writes = may(ctx.actor, "brief.write")
                way = "; restore it to change it or to draft for it" if writes else ""
                st.caption(f"This brief is archived{way}.")
                if writes:
                    st.button("Restore this brief", key="brief_restore", icon=":material/unarchive:",
                              on_click=_restore, args=(ctx, stored))  # fmt: skip


def _text(name: str, label: str, tip: str | None = None, placeholder: str | None = None) -> None:
    st.text_input(label, key=f"brief_{name}", help=tip, placeholder=placeholder, persist_state="session")
    _trouble(name)


def _area(name: str, label: str, height: int, tip: str | None = None, placeholder: str | None = None) -> None:
    st.text_area(label, key=f"brief_{name}", height=height, help=tip, placeholder=placeholder, persist_state="session")
    _trouble(name)


def _trouble(name: str) -> None:
    """What is wrong with a field, below it."""
    if sentence := state().field_trouble.get(name):
        st.error(plain(sentence), icon=":material/error:")


def _choose(ctx: Context) -> None:
    chosen = st.session_state.brief_choice
    if chosen == NEW:
        open_brief(None, None, editing=True)
        return
    with tried():
        stored = get_brief(ctx.db, ctx.actor, chosen)
        open_brief(stored.id, stored.brief, editing=False)


def _example(example: Brief) -> None:
    open_brief(None, example, editing=True)


def _edit() -> None:
    state().editing = True


def _archive(ctx: Context, stored: StoredBrief) -> None:
    with tried():
        archive_brief(ctx.db, ctx.actor, stored.id)
        open_brief(None, None, editing=True)


def _restore(ctx: Context, stored: StoredBrief) -> None:
    state().field_trouble = {}
    with tried():
        restore_brief(ctx.db, ctx.actor, stored.id)
        st.toast("The brief is back on the list.", icon=":material/unarchive:")


def _save_as_new(ctx: Context) -> None:
    stored = save_typed(ctx, None)
    if stored is not None:
        open_brief(stored.id, stored.brief, editing=False)
        st.toast("Saved as a new brief.", icon=":material/check:")
