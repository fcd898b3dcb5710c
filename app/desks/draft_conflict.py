"""Two people edited one text: the second sees both wordings and keeps theirs, takes the other, or writes a merge.

Nothing is lost either way: whatever is saved becomes an edit of the other's wording, which stays in the history.
Leaves out finding the conflict (services/feedback.py) and scoring (draft_edit.py saves).
"""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from app.components.context import Context
from app.components.plain import plain
from app.components.sides import somebody
from app.components.when import when
from app.services.feedback import EditConflict


@dataclass(frozen=True)
class Pending:
    """A wording that could not be saved, and the newer one that stood in its way."""

    conflict: EditConflict
    wording: str


def keep(place: str, conflict: EditConflict, wording: str) -> None:
    """Remembers the refused wording of a place until it is settled."""
    _all()[place] = Pending(conflict, wording)
    st.session_state[f"merge_{place}"] = wording


def drop(place: str) -> None:
    """The conflict at a place is settled."""
    _all().pop(place, None)


def pending(place: str, seen: int) -> Pending | None:
    """What is to be settled at a place; `seen`: the text that stands there. Another brief's place is another text's."""
    found = _all().get(place)
    if found is None:
        return None
    chain = (found.conflict.seen, found.conflict.newest.id)
    return found if seen in chain else None


def panel(ctx: Context, place: str, found: Pending, save: Callable[[str], None], take: Callable[[], None]) -> None:
    """Draws both wordings and the three ways on. `save` keeps a wording, `take` takes the other one."""
    conflict = found.conflict
    st.warning(
        f"**{somebody(ctx, conflict.who, conflict.own)}** edited this text on {when(conflict.newest.created_at)}, "
        "while you worked on it. Nothing of yours is saved yet; choose which wording goes on. Both stay in the "
        "history.",
        icon=":material/call_merge:",
    )
    st.markdown(f"Theirs: **{plain(conflict.newest.text)}**")
    st.markdown(f"Yours: **{plain(found.wording)}**")
    with st.container(horizontal=True):
        st.button("Keep mine", key=f"keep_{place}", type="primary", on_click=save, args=(found.wording,))
        st.button("Take theirs", key=f"theirs_{place}", on_click=take)
    st.text_area("Or write one out of both", key=f"merge_{place}", height=80)
    st.button("Save this wording", key=f"merge_save_{place}", icon=":material/call_merge:",
              on_click=lambda: save(str(st.session_state.get(f"merge_{place}") or "")))  # fmt: skip


def _all() -> dict[str, Pending]:
    found: dict[str, Pending] = st.session_state.setdefault("draft_conflicts", {})
    return found
