"""Two people changed one brief: the second sees both versions, field by field, and saves one brief out of both.

It stands in place of the form. What was typed is kept until it is saved: going back to the form shows it again, and
whoever changes the brief once more meanwhile is shown again. Leaves out where the two differ (services/brief_merge.py).
"""

import streamlit as st

from app.components.context import Context
from app.components.countries import country
from app.components.sides import mine_of, sides, somebody
from app.components.when import when
from app.desks.draft_state import TROUBLE, BriefConflict, fill, state
from app.services.brief_merge import FIELDS, Difference, differences, lines_of, merged
from app.services.briefs import BriefChanged, save_brief
from app.services.draft_working import forget_brief
from app.services.stored import checksum_of
from relate_engine.brief import placement_of


def brief_conflict(ctx: Context, found: BriefConflict) -> None:
    """Both versions and the ways on."""
    changed, fields = found.changed, _fields(found)
    with st.container(key="brief_conflict"):
        count = f"{len(fields)} fields" if len(fields) != 1 else "one field"
        st.warning(
            f"**{somebody(ctx, changed.who, changed.own)}** changed this brief on {when(changed.at)}, while you worked "
            f"on it. Yours is not saved yet. The two differ in {count}; choose which one goes on.",
            icon=":material/call_merge:",
        )
        sides(_key(found), fields, _say)
        with st.container(horizontal=True):
            st.button("Save the merged brief", key="brief_merge_save", type="primary", icon=":material/save:",
                      on_click=_save, args=(ctx, found))  # fmt: skip
            st.button("Back to my form", key="brief_merge_back", on_click=_back, args=(found,),
                      help="What you typed stands there again. Nothing is saved.")  # fmt: skip


def _fields(found: BriefConflict) -> tuple[Difference, ...]:
    known = lines_of(found.known) if found.known is not None else None
    return differences(FIELDS, known, lines_of(found.changed.newest.brief), lines_of(found.mine))


def _key(found: BriefConflict) -> str:
    """The choices of one conflict; another version of theirs or mine is another one."""
    return f"{found.changed.newest.id}_{found.changed.newest.checksum}_{checksum_of(found.mine)}"


def _say(name: str, line: str) -> str:
    if name == "countries":
        return country(line)
    return placement_of(line).label if name == "placement" else line


def _save(ctx: Context, found: BriefConflict) -> None:
    now, theirs = state(), found.changed.newest
    try:
        brief = merged(theirs.brief, found.mine, mine_of(_key(found), _fields(found)))
        try:
            stored = save_brief(ctx.db, ctx.actor, brief, theirs.id, checksum_of(theirs.brief))
        except BriefChanged as again:
            now.conflict = BriefConflict(again, brief, theirs.brief)
            return
    except TROUBLE as error:
        now.trouble = str(error)
        return
    forget_brief(ctx.actor, ctx.settings, stored.id)
    now.conflict, now.base, now.editing, now.field_trouble, now.kept = None, stored.brief, False, {}, False
    fill(stored.brief)
    st.toast("The merged brief is saved.", icon=":material/check:")


def _back(found: BriefConflict) -> None:
    state().conflict = None
    fill(found.mine)
