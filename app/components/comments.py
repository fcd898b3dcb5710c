"""Comments on a brief, a text or an ad: what was said, newest last, and a box to say something.

Drawn inside an expander, popover or dialog of any desk. What was typed stays until it is saved.
Leaves out who may say what (services/comments.py).
"""

from html import escape

import streamlit as st

from app.components.context import Context
from app.components.plain import plain
from app.components.when import when
from app.services.comments import LONGEST, StoredComment, add_comment, comments_of
from app.services.people import Forbidden, NotFound, may
from db.session import StorageError
from relate_engine.brief import BriefError

TROUBLE = (BriefError, Forbidden, NotFound, StorageError)


def comments(ctx: Context, brief_id: int, text_id: int | None = None, ad_id: int | None = None, key: str = "") -> None:
    """Lists what was said about a thing and takes a new comment. `key` keeps several boxes on a page apart."""
    key = key or f"{brief_id}_{text_id or 0}_{ad_id or 0}"
    found = comments_of(ctx.db, ctx.actor, brief_id, text_id, ad_id)
    if found.total > len(found.newest):
        st.caption(f"The newest {len(found.newest)} of {found.total:,} comments.")
    if found.newest:
        st.html("".join(_html(comment) for comment in found.newest))
    else:
        st.caption("No comments yet.")
    if not may(ctx.actor, "comment.write"):
        return
    hint = "What should change, and why"
    st.text_area("Comment", key=f"comment_{key}", height=90, max_chars=LONGEST, placeholder=hint)
    if trouble := st.session_state.pop(f"comment_trouble_{key}", ""):
        st.error(plain(trouble), icon=":material/error:")
    st.button("Add comment", key=f"comment_add_{key}", icon=":material/add_comment:",
              on_click=_add, args=(ctx, brief_id, text_id, ad_id, key))  # fmt: skip


def _add(ctx: Context, brief_id: int, text_id: int | None, ad_id: int | None, key: str) -> None:
    try:
        add_comment(ctx.db, ctx.actor, brief_id, st.session_state.get(f"comment_{key}") or "", text_id, ad_id)
    except TROUBLE as error:
        st.session_state[f"comment_trouble_{key}"] = str(error)
        return
    st.session_state[f"comment_{key}"] = ""


def _html(comment: StoredComment) -> str:
    about = f" · about <span dir='auto'>“{escape(comment.about[:120])}”</span>" if comment.about else ""
    return (
        f'<div class="rl-why" style="padding: .3rem 0"><p><b>{escape(comment.author)}</b> '
        f"<small>{escape(when(comment.created_at))}{about}</small></p>"
        f'<p dir="auto" style="white-space: pre-wrap">{escape(comment.body)}</p></div>'
    )
