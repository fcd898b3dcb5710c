"""Asking for texts on the Draft desk, and watching drafts under way.

The whole ad is one click; one slot takes a number and, if wished, an angle. A draft runs outside the page
(services/drafting_page.py); the page looks at it about once a second and settles when it is stored.
"""

from collections.abc import Callable
from typing import Any

import streamlit as st

from app.components.card import percent, provisional_html
from app.components.context import Context
from app.components.plain import plain
from app.desks.draft_state import TROUBLE, BriefConflict, form_now, jobs_of, state, tried, typed
from app.services.briefs import BriefChanged, brief_to_write_for, save_brief
from app.services.draft_working import forget_brief, keep_brief
from app.services.drafting_page import Job
from app.services.people import may
from app.services.scoring import base_rates
from app.services.stored import StoredBrief, checksum_of
from relate_engine.brief import ANGLES, BriefError, Slot, full_ad, parse_brief, placement_of, supported_angles

LOOK_EVERY = 0.8  # seconds
MOST = 50


def write_bar(ctx: Context, stored: StoredBrief | None, placement: str, button: Callable[..., Any]) -> None:
    """The buttons that ask for texts. `button` is a form's submit button while the brief is being edited."""
    place = placement_of(placement)
    parts = [f"{n} {(slot.plural if n > 1 else slot.label).lower()}" for slot in place.slots if (n := slot.full_ad)]
    whole = f"Draft the whole ad · {', '.join(parts)}"
    editing = stored is None or state().editing
    with st.container(horizontal=True, vertical_alignment="bottom", key="write_bar"):
        button(
            "Draft the whole ad",
            key="draft_whole",
            type="primary",
            icon=":material/auto_awesome:",
            on_click=_ask,
            args=(ctx, "whole"),
            help=whole,
        )
        if editing:
            button("Save brief", key="brief_save", icon=":material/save:", on_click=_ask, args=(ctx, "save"))
        st.space("stretch")
        st.selectbox("Or one slot", place.slots, key=f"draft_slot_{place.name}", format_func=_slot_words, width=190)
        st.number_input("How many", 1, MOST, 8, key="draft_count", width=120)
        angles = supported_angles(stored.brief) if stored and not state().editing else tuple(ANGLES)
        st.selectbox("Angle", ["", *angles], key="draft_angle", width=150, format_func=_angle_words)
        button("Draft these", key="draft_one", on_click=_ask, args=(ctx, "slot"), icon=":material/edit_square:")
    st.caption(f"The whole ad: {', '.join(parts)}. {_base_note(ctx, placement)}")


def under_way(ctx: Context, stored: StoredBrief) -> None:
    """Drafts of this brief that are being written, or that ended in trouble."""
    jobs = jobs_of(ctx).of(ctx.actor, stored.id)
    for job in jobs:
        if job.ended and (may(ctx.actor, "text.write") or job.actor.user_id == ctx.actor.user_id):
            _ended_badly(ctx, job)
    running = tuple(job.number for job in jobs if not job.ended)
    if running:
        _watch(ctx, stored.id, running)


@st.fragment(run_every=LOOK_EVERY)
def _watch(ctx: Context, brief_id: int, known: tuple[int, ...]) -> None:
    jobs = [job for job in jobs_of(ctx).of(ctx.actor, brief_id) if not job.ended]
    if tuple(job.number for job in jobs) != known:
        st.rerun()
    for job in jobs:
        with st.container(border=True, key=f"job_{job.number}"):
            words = _job_words(job)
            with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
                st.markdown(f":material/hourglass_top: **{plain(words)}**")
                if may(ctx.actor, "text.write"):
                    st.button("Stop", key=f"stop_{job.number}", on_click=_stop, args=(ctx, job), type="tertiary")
            if job.place == 0:
                st.progress(min(1.0, job.done / max(1, job.total)))
            if job.texts:
                st.caption("Provisional: they passed the rules and wait for their scores. The list settles once.")
                st.html(provisional_html(list(job.texts)))


def _job_words(job: Job) -> str:
    what = f"Writing {job.title}"
    if job.like:
        like = job.like.text[:60].strip('"')
        what = f"Writing {job.total} more like “{like}”"
    elif job.angle:
        what += f", angle: {ANGLES[job.angle]}"
    if job.stopped:
        return f"{what}: stopping"
    if job.place:
        return f"{what} · waiting: you are number {job.place + 1} in line"
    if not job.step:
        return f"{what} · starting the writer (the first draft takes longest)"
    return f"{what} · {job.step}" if job.step == "Scoring" else f"{what} · {min(job.done, job.total)} of {job.total}"


def _ended_badly(ctx: Context, job: Job) -> None:
    st.error(plain(f"Writing {job.title}: {job.error}"), icon=":material/error:")
    if not may(ctx.actor, "text.write"):
        return
    with st.container(horizontal=True):
        if job.unsaved is not None:
            st.button("Save it now", key=f"store_{job.number}", on_click=_store_again, args=(ctx, job))
        else:
            st.button("Try again", key=f"retry_{job.number}", on_click=_retry, args=(ctx, job))
        st.button("Dismiss", key=f"dismiss_{job.number}", on_click=_stop, args=(ctx, job), type="tertiary")


def save_typed(ctx: Context, brief_id: int | None) -> StoredBrief | None:
    """Saves what the form holds (None: as a new brief); None if it cannot be, with the reason at its field.

    It is kept aside first: a session that has ended ends this run in the middle of the save.
    """
    now = state()
    now.field_trouble = {}
    now.kept = keep_brief(ctx.actor, ctx.settings, now.brief_id, form_now(), now.base)
    try:
        mine = parse_brief(typed())
        seen = checksum_of(now.base) if now.base is not None else None
        try:
            stored = save_brief(ctx.db, ctx.actor, mine, brief_id, seen)
        except BriefChanged as changed:
            now.conflict = BriefConflict(changed, mine, now.base)
            return None
    except BriefError as error:
        now.field_trouble = {_field_of(str(error)): str(error)}
        return None
    except TROUBLE as error:
        now.trouble = str(error)
        return None
    forget_brief(ctx.actor, ctx.settings, now.brief_id)
    now.brief_id, now.base, now.kept = stored.id, stored.brief, False
    return stored


def _ask(ctx: Context, what: str) -> None:
    """Saves the brief if it is being edited, then starts the draft that was asked for."""
    now = state()
    stored = save_typed(ctx, now.brief_id) if now.editing or now.brief_id is None else _saved(ctx)
    if stored is None:
        return
    now.editing = False
    if what == "save":
        st.toast("Brief saved.", icon=":material/check:")
        return
    held = st.session_state
    slot: Slot | None = held.get(f"draft_slot_{stored.brief.placement}")
    angle = next((name for name in ANGLES if name == held.get("draft_angle")), None)
    try:
        if what == "whole" or slot is None:
            jobs_of(ctx).start(ctx.actor, stored, full_ad(stored.brief))
            return
        count = int(held.get("draft_count") or 8)
        if slot.name == "path":
            count, angle = min(count, slot.full_ad), None
        if angle and angle not in supported_angles(stored.brief):
            raise BriefError(f"Angle: the brief holds nothing for '{ANGLES[angle]}'; add it there or choose another.")
        jobs_of(ctx).start(ctx.actor, stored, {slot.name: count}, angle)
    except TROUBLE as error:
        now.trouble = str(error)


def _saved(ctx: Context) -> StoredBrief | None:
    with tried():
        return brief_to_write_for(ctx.db, ctx.actor, state().brief_id or 0)
    return None


def _store_again(ctx: Context, job: Job) -> None:
    with tried():
        jobs_of(ctx).store_again(ctx.actor, job)


def _stop(ctx: Context, job: Job) -> None:
    with tried():
        jobs_of(ctx).stop(ctx.actor, job)


def _retry(ctx: Context, job: Job) -> None:
    _stop(ctx, job)
    stored = _saved(ctx)
    if stored is None:
        return
    with tried():
        jobs_of(ctx).start(ctx.actor, stored, job.counts, job.angle, job.like)


def _slot_words(slot: Slot) -> str:
    fold = f"{slot.visible} seen" if slot.visible < slot.limit else f"{slot.limit}"
    return f"{slot.label} ({fold})"


def _field_of(sentence: str) -> str:
    """The form field that a sentence such as "Brief, product: …" is about."""
    head = sentence.partition(":")[0].removeprefix("Brief, ")
    parts = head.split(".")
    name = parts[1] if parts[0] == "brand_kit" and len(parts) > 1 else parts[0]
    if name.startswith("Brief"):
        said = sentence.removeprefix("Brief: ").split(" ", 1)[0]
        return said if said in ("product", "description") else "brief"
    return name


def _angle_words(name: str) -> str:
    return next((words for angle, words in ANGLES.items() if angle == name), "A mix")


def _base_note(ctx: Context, placement: str) -> str:
    """Where the base rates come from; their numbers once the rewards are loaded."""
    name = placement_of(placement).name
    if ctx.signed is not None:
        change = "To use your own, ask whoever runs the studio to set them."
    else:  # who works alone is that person
        form = f"""RELATE_BASE_CTR='{{"{name}": 0.05}}'"""
        change = f"To use your own, set `{form}` and `RELATE_BASE_CVR` before the studio starts."
    if not jobs_of(ctx).versions:
        given = [n for n, r in (("CTR", ctx.settings.base_ctr), ("CVR", ctx.settings.base_cvr)) if name in r]
        where = f"{' and '.join(given)} set by you" if given else "assumed"
        return f"Base rates: {where}. {change}"
    ctr, cvr, where = base_rates(ctx.settings, name)
    return f"Base rates: CTR {percent(ctr)}, CVR {percent(cvr)} ({where}). {change}"
