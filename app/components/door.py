"""The door of the studio: who may come in, the page for who may not, and the account menu.

With [auth] in Streamlit's secrets the studio asks for a sign-in by OpenID Connect; without it the one local user works
alone, and only from this computer. Leaves out what a session is (app/services/sessions.py) and setting it up
(docs/sign-in.md).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from app.components.plain import plain
from app.services import sessions
from app.services.address import HOW, loopback
from app.services.people import Actor, Role
from app.services.sessions import Membership, SignedIn, SignedOut
from db.session import Database
from relate_engine.config import ASSETS

WORKSPACE = "door_workspace"  # which workspace this tab is in
MOVED = "door_moved"
PROXIED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host")
ALONE = f"Without a sign-in the studio answers only on the computer it runs on. {HOW}"


def sign_in_is_set_up() -> bool:
    """Whether Streamlit's secrets have an [auth] section."""
    return bool(_auth())


def refuse_strangers() -> None:
    """SignedOut unless the server and the address that the browser asked for are this computer's own.

    A proxy may ask in the name of this computer for somebody far away; it says so in its headers.
    """
    server = cast("str | None", st.get_option("server.address"))
    asked = st.context.headers.get("Host")
    passed_on = any(name in st.context.headers for name in PROXIED)
    if passed_on or not loopback(server) or (asked and not loopback(_host(asked))):
        raise SignedOut("unusable", ALONE)


def enter(db: Database, hours: float) -> tuple[Actor, SignedIn]:
    """The signed-in person as an Actor of the workspace this tab is in; SignedOut where nobody may act."""
    claims = cast("Mapping[str, Any]", st.user.to_dict())
    if not claims.get("is_logged_in"):
        raise SignedOut("ended", "")
    signed = sessions.enter(db, sessions.identity_of(claims), hours)
    chosen = cast("int | None", st.session_state.get(WORKSPACE))
    member = signed.member(chosen)
    if member is None:
        member = signed.last
        if chosen is not None:  # removed from it since the last click
            _forget()
            st.session_state[MOVED] = f"You are no longer in the workspace you were in; this is {member.workspace}."
        st.session_state[WORKSPACE] = member.workspace_id
    return _actor(db, signed, member), signed


def _actor(db: Database, signed: SignedIn, member: Membership) -> Actor:
    def role_now() -> Role | None:
        role = sessions.role_now(db, signed.id, member.user_id)
        if role != member.role and get_script_run_ctx() is not None:
            if role is not None:
                st.session_state[MOVED] = f"Your role is {role} now, so the last click was not carried out."
            st.rerun()  # in a callback or a part of the page: draw the page anew, as who they are now
        return role

    return Actor(member.user_id, member.role, member.workspace_id, role_now)


def outside(out: SignedOut) -> None:
    """The page for who is not in: why, and the way in or out."""
    try:
        set_up = sign_in_is_set_up()
    except SignedOut:
        set_up = False
    signed_in = set_up and bool(st.user.to_dict().get("is_logged_in"))
    with st.container(key="door", width=560):
        st.title("Sign in" if out.why in ("ended", "expired") else "No access")
        if str(out):
            st.warning(plain(str(out)), icon=":material/lock:")
        if not set_up:
            return
        if not signed_in:
            st.write("Sign in to draft, review and learn from ad copy. You need an invitation from an admin.")
        if out.why in ("ended", "expired"):
            for provider in _providers():
                words = f"Sign in with {plain(provider)}" if provider else "Sign in again" if signed_in else "Sign in"
                st.button(words, key=f"door_in_{provider}", type="primary", on_click=st.login, args=(provider or None,),
                          icon=":material/login:")  # fmt: skip
        elif signed_in:
            st.button("Sign out", key="door_out", on_click=st.logout, icon=":material/logout:")


def account(db: Database, actor: Actor, signed: SignedIn) -> None:
    """Who is signed in, in the top bar: role, workspaces, sign-out."""
    member = signed.member(actor.workspace_id) or signed.last
    if moved := st.session_state.pop(MOVED, ""):
        st.warning(plain(moved), icon=":material/move_item:")
    st.html(ASSETS / "theme" / "account.css")
    with st.container(key="account", width="content"):
        where = f" · {plain(member.workspace)}" if len(signed.memberships) > 1 else ""
        with st.popover(f"{plain(member.name)}{where}", icon=":material/account_circle:", width="content"):
            st.markdown(f"**{plain(member.name)}**  \nRole: {member.role}  \nWorkspace: {plain(member.workspace)}")
            if len(signed.memberships) > 1:
                names = {m.workspace_id: f"{m.workspace} ({m.role})" for m in signed.memberships}
                st.selectbox(
                    "Work in", list(names), index=list(names).index(member.workspace_id),
                    format_func=lambda i: names.get(i, ""), key="door_choice", on_change=_choose, args=(db, signed),
                )  # fmt: skip
            st.button("Sign out", key="account_out", on_click=_sign_out, args=(db, signed), icon=":material/logout:")


def _choose(db: Database, signed: SignedIn) -> None:
    member = sessions.choose(db, signed, st.session_state["door_choice"])
    _forget()
    st.session_state[WORKSPACE] = member.workspace_id


def _sign_out(db: Database, signed: SignedIn) -> None:
    sessions.sign_out(db, signed)
    st.session_state.clear()
    st.logout()


def _forget() -> None:
    """What the pages of one workspace remember is nothing for another."""
    st.session_state.clear()
    st.query_params.clear()


def _auth() -> Mapping[str, Any]:
    if st.secrets.load_if_toml_exists():
        return cast("Mapping[str, Any]", st.secrets.get("auth", {}))
    if broken := [name for name in st.get_option("secrets.files") if Path(name).is_file()]:  # never taken for none
        raise SignedOut("unusable", f"The secrets file {broken[0]} cannot be read; mend it and start the studio again.")
    return {}


def _providers() -> list[str]:
    """Named providers ([auth.NAME]); "" is the one that [auth] itself describes."""
    auth = _auth()
    named = [name for name, section in auth.items() if isinstance(section, Mapping) and "client_id" in section]
    return ([""] if "client_id" in auth else []) + named


def _host(asked: str) -> str:
    """The host of a Host header, without the port."""
    return asked.partition("]")[0].strip("[") if asked.startswith("[") else asked.rpartition(":")[0] or asked
