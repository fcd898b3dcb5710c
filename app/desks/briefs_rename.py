"""The dialog that names a brief and files it under a campaign and an ad group.

Where somebody else did so meanwhile, both are shown, and the person chooses for each field; nothing typed is lost.
Leaves out the row that opens it (briefs_row.py).
"""

from dataclasses import dataclass

import streamlit as st

from app.components.context import Context
from app.components.plain import plain
from app.components.sides import mine_of, sides, somebody
from app.components.when import when
from app.services.brief_merge import Difference, differences
from app.services.briefs import LONGEST_NAME, LONGEST_TITLE, BriefChanged, BriefRow, Filed, rename_brief
from app.services.people import Forbidden, NotFound
from db.session import StorageError
from relate_engine.brief import BriefError

FILED = {"title": "Title in the list", "campaign": "Campaign", "ad_group": "Ad group"}


@dataclass
class Renaming:
    """The open dialog: what it began from, what is wanted, and what came of saving it."""

    seen: dict[str, str]
    mine: dict[str, str]
    changed: BriefChanged | None = None
    trouble: str = ""
    done: bool = False


def rename(ctx: Context, row: BriefRow) -> None:
    """Opens the dialog on a brief as the list shows it."""
    held = _by_name((row.title, row.campaign, row.ad_group))
    st.session_state[f"renaming_{row.id}"] = Renaming(held, held)
    for name in FILED:  # what a dialog left open with its cross had held
        st.session_state.pop(f"rename_{name}_{row.id}", None)
    _rename(ctx, row)


@st.dialog("Rename or file", icon=":material/drive_file_rename_outline:")
def _rename(ctx: Context, row: BriefRow) -> None:
    """Title, campaign and ad group; the last two are needed for an Editor file of many briefs."""
    now: Renaming = st.session_state[f"renaming_{row.id}"]
    if now.done:
        st.rerun()
    if now.changed is not None:
        _panel(ctx, row, now, now.changed)
    else:
        with st.form(f"rename_{row.id}", border=False):
            for name, label in FILED.items():
                most = LONGEST_TITLE if name == "title" else LONGEST_NAME
                st.text_input(label, now.mine[name], max_chars=most, key=f"rename_{name}_{row.id}")
            st.form_submit_button("Save", type="primary", icon=":material/save:", key=f"rename_save_{row.id}",
                                  on_click=_typed, args=(ctx, row, now))  # fmt: skip
        st.caption("What is advertised stays as it is: that is the product's name in the brief.")
    if now.trouble:
        st.error(plain(now.trouble), icon=":material/error:")


def _panel(ctx: Context, row: BriefRow, now: Renaming, changed: BriefChanged) -> None:
    """Somebody else renamed or filed it meanwhile: both, and the choice for each."""
    fields = differences(FILED, _lines(now.seen), _lines(_by_name(changed.filed)), _lines(now.mine))
    key = f"{row.id}_{changed.at:%H%M%S%f}"
    st.warning(
        f"**{somebody(ctx, changed.who, changed.own)}** changed this on {when(changed.at)}, while you worked on it. "
        "Yours is not saved yet; choose which one goes on.", icon=":material/call_merge:",
    )  # fmt: skip
    sides(key, fields)
    st.button("Save these", key=f"rename_merge_{row.id}", type="primary", icon=":material/save:",
              on_click=_chosen, args=(ctx, row, now, changed, key, fields))  # fmt: skip


def _typed(ctx: Context, row: BriefRow, now: Renaming) -> None:
    now.mine = {name: str(st.session_state.get(f"rename_{name}_{row.id}") or "") for name in FILED}
    _save(ctx, row, now)


def _chosen(
    ctx: Context, row: BriefRow, now: Renaming, changed: BriefChanged, key: str, fields: tuple[Difference, ...]
) -> None:
    theirs, mine = _by_name(changed.filed), mine_of(key, fields)
    now.seen, now.mine = theirs, {name: now.mine[name] if name in mine else theirs[name] for name in FILED}
    now.changed = None
    _save(ctx, row, now)


def _save(ctx: Context, row: BriefRow, now: Renaming) -> None:
    now.trouble = ""
    try:
        seen = (now.seen["title"], now.seen["campaign"], now.seen["ad_group"])
        rename_brief(ctx.db, ctx.actor, row.id, **now.mine, seen=seen)
        now.done = True
    except BriefChanged as changed:
        now.changed = changed
    except (BriefError, Forbidden, NotFound, StorageError) as error:
        now.trouble = str(error)


def _by_name(filed: Filed) -> dict[str, str]:
    return dict(zip(FILED, filed, strict=True))


def _lines(filed: dict[str, str]) -> dict[str, tuple[str, ...]]:
    return {name: (value,) if value else () for name, value in filed.items()}
