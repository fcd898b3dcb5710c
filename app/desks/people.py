"""The People page: who is in the workspace and as what, invitations, and the workspace's name and settings.

For admins. Every change is saved at once, but for name and settings, which have a Save button. Leaves out sign-in and
the rules about who may do what (services).
"""

from collections.abc import Callable
from typing import get_args

import streamlit as st

from app.components.context import Context, context
from app.components.plain import plain
from app.components.when import when
from app.services import invitations, members, workspace
from app.services.invitations import InvitationError, StoredInvitation
from app.services.members import Member, MemberError
from app.services.people import Forbidden, NotFound, Role, inside, require
from app.services.workspace import OVERLAP, SettingError
from db.session import StorageError

ROLES: dict[Role, str] = {
    "advertiser": "writes, edits and exports ads",
    "reviewer": "decides what is compliant and keeps the rules",
    "analyst": "imports results, reads the analysis, trains and promotes writers",
    "admin": "does all of this and manages people",
}
SAID = "people_said"  # what the last click did: (went well, sentence)
WRONG = (Forbidden, NotFound, InvitationError, MemberError, SettingError, StorageError)


def page() -> None:
    """Draws the page. Trouble is one sentence."""
    st.title("People")
    try:
        ctx = context()
        require(ctx.actor, "people.manage")
        _said()
        _invite(ctx)
        _pending(ctx)
        _people(ctx)
        _workspace(ctx)
    except (Forbidden, StorageError) as error:
        st.error(plain(str(error)), icon=":material/error:")


def _said() -> None:
    if said := st.session_state.pop(SAID, None):
        well, sentence = said
        (st.success if well else st.error)(plain(sentence), icon=":material/check:" if well else ":material/error:")


def _do(change: Callable[[], str]) -> bool:
    """Carries a change out and keeps the sentence about it for the next drawing of the page."""
    try:
        st.session_state[SAID] = (True, change())
    except WRONG as error:
        st.session_state[SAID] = (False, str(error))
    return bool(st.session_state[SAID][0])


def _invite(ctx: Context) -> None:
    st.header("Invite")
    st.caption(
        "Whoever signs in with this e-mail address comes in with this role. Somebody who works in another workspace "
        "finds this one in their account menu within a minute. No mail is sent: tell them yourself."
        + ("" if ctx.signed else " A sign-in is not set up yet; until it is, nobody else can come in.")
    )
    with st.form("people_invite", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input("E-mail", key="people_email", max_chars=255, width=320, placeholder="name@example.com")
        st.selectbox("Role", get_args(Role), key="people_role", width=180)
        st.form_submit_button("Invite", type="primary", icon=":material/person_add:", on_click=_send, args=(ctx,))
    st.caption("  \n".join(f"**{role}** {words}" for role, words in ROLES.items()))


def _send(ctx: Context) -> None:
    email, role = st.session_state["people_email"], st.session_state["people_role"]

    def change() -> str:
        invited = invitations.invite(ctx.db, ctx.actor, email, role)
        return f"{invited.email} is invited as {role}; the invitation waits until they sign in."

    if _do(change):
        st.session_state["people_email"] = ""


def _pending(ctx: Context) -> None:
    waiting = invitations.pending(ctx.db, ctx.actor)
    if not waiting:
        return
    st.header("Invited, not signed in yet")
    for one in waiting:
        with st.container(horizontal=True, vertical_alignment="center", key=f"invited_{one.id}"):
            st.markdown(f"**{plain(one.email)}** · {one.role}", width=380)
            st.caption(f"by {plain(inside(one.by))}, {when(one.created_at)}", width=280)
            st.button(
                "Withdraw", key=f"withdraw_{one.id}", on_click=_withdraw, args=(ctx, one), type="tertiary",
                icon=":material/undo:", help=f"Withdraw the invitation of {plain(one.email)}",
            )  # fmt: skip


def _withdraw(ctx: Context, one: StoredInvitation) -> None:
    def change() -> str:
        invitations.withdraw(ctx.db, ctx.actor, one.id)
        return f"The invitation of {one.email} is withdrawn."

    _do(change)


def _people(ctx: Context) -> None:
    st.header("In this workspace")
    search = st.text_input("Find by name or e-mail", key="people_search", max_chars=100, width=320)
    found = members.members(ctx.db, ctx.actor, search, st.session_state.get("people_page") or 1)
    if not found.count:
        st.info("Nobody fits that search." if search else "Nobody has signed in yet; invite somebody above.")
        return
    for one in found.people:
        _person(ctx, one)
    if found.pages > 1:
        st.pagination(found.pages, key="people_page")


def _person(ctx: Context, one: Member) -> None:
    you = ctx.signed is not None and one.id == ctx.actor.user_id
    with st.container(border=True, key=f"person_{one.id}"), st.container(horizontal=True, vertical_alignment="center"):
        gone = "" if one.active else " · :material/person_off: removed"
        seen = f"last here {when(one.seen_at)}" if one.seen_at else f"since {when(one.since)}"
        st.markdown(
            f"**{plain(one.name)}**{' (you)' if you else ''}{gone}  \n"
            f":small[{plain(one.email) or 'no e-mail'} · {plain(seen)}]",
            width=420,
        )
        if not one.active:
            st.button("Take back", key=f"back_{one.id}", on_click=_take_back, args=(ctx, one), icon=":material/undo:",
                      help=f"Let {plain(one.name)} in again as {one.role}")  # fmt: skip
            return
        st.session_state[f"role_{one.id}"] = one.role  # what the table says, also after a refused change
        st.selectbox(
            f"Role of {plain(one.name)}", get_args(Role), key=f"role_{one.id}", on_change=_change_role, args=(ctx, one),
            label_visibility="collapsed", width=160,
        )  # fmt: skip
        with st.popover("Remove", icon=":material/person_remove:", key=f"remove_{one.id}"):
            st.write(f"{plain(one.name)} is signed out at once. What they wrote and decided stays.")
            st.button(f"Remove {plain(one.name)}", key=f"remove_now_{one.id}", type="primary", on_click=_remove,
                      args=(ctx, one))  # fmt: skip


def _change_role(ctx: Context, one: Member) -> None:
    role = st.session_state[f"role_{one.id}"]

    def change() -> str:
        members.change_role(ctx.db, ctx.actor, one.id, role)
        return f"{one.name} is {role} from the next click on."

    _do(change)


def _remove(ctx: Context, one: Member) -> None:
    def change() -> str:
        members.remove(ctx.db, ctx.actor, one.id)
        return f"{one.name} is removed and signed out."

    _do(change)


def _take_back(ctx: Context, one: Member) -> None:
    def change() -> str:
        members.take_back(ctx.db, ctx.actor, one.id)
        return f"{one.name} is back as {one.role}; they sign in again."

    _do(change)


def _workspace(ctx: Context) -> None:
    st.header("Workspace")
    with ctx.db.read() as session:
        name, now = workspace.name_of(session, ctx.actor), workspace.workspace_settings(session, ctx.actor)
    with st.form("people_workspace"):
        st.text_input("Name", value=name, max_chars=workspace.NAME_LENGTH, key="workspace_name", width=420)
        st.toggle("Export approved texts only", value=now.export_approved_only, key="workspace_approved",
                  help="Files for ad platforms refuse texts and ads that no reviewer has approved. "
                  "The plain table of scores holds every text.")  # fmt: skip
        st.number_input(
            "Reviewers who judge each text", *OVERLAP, value=now.review_overlap, step=1,
            key="workspace_overlap", width=320,
            help="Every text is judged by so many reviewers, or by all there are where they are fewer, and decided "
            "once they agree. 2 or more measure how well reviewers agree; 1 approves sooner, by one person's word.",
        )  # fmt: skip
        st.caption("Writers and reward models trained on this workspace's feedback stay in this workspace.")
        st.form_submit_button("Save workspace", on_click=_save_workspace, args=(ctx,), icon=":material/save:")


def _save_workspace(ctx: Context) -> None:
    state = st.session_state

    def change() -> str:
        name = workspace.rename(ctx.db, ctx.actor, state["workspace_name"])
        workspace.change_settings(ctx.db, ctx.actor, {
            "export_approved_only": state["workspace_approved"], "review_overlap": int(state["workspace_overlap"]),
        })  # fmt: skip
        return f"The workspace {name} is saved."

    _do(change)
