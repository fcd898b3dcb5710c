"""Versions of an ad side by side: what was added, removed or changed, in words, with scores; and merging two.

Leaves out saving (ads_build.py): a merge only fills the bench, and the person decides what stays.
"""

from collections.abc import Mapping, Sequence
from html import escape

import streamlit as st

from app.components.card import level_words, scrolling
from app.components.context import Context
from app.components.plain import plain
from app.components.status import status_chip, status_html
from app.components.when import when
from app.desks.ads_state import Bench
from app.services import ad_working, ads
from app.services.ad_checks import Difference, Mark, assess, differences
from app.services.ad_records import AdText, Place, Revision, StoredAd
from app.services.stored import old_words
from relate_engine.brief import Brief

MARKS: dict[Mark, tuple[str, str]] = {
    "same": ("=", "same"), "added": ("+", "added"), "removed": ("−", "removed"), "changed": ("↻", "changed"),
}  # fmt: skip


def versions(ctx: Context, ad: StoredAd, brief: Brief) -> None:
    """Two saved versions beside each other."""
    opened = st.expander(
        f"Versions · {ad.newest.number}", key="ad_versions", on_change="rerun", icon=":material/difference:"
    )
    if not opened.open:
        return
    with opened:
        found = ads.revisions_of(ctx.db, ctx.actor, ad.id)
        by_id = {revision.id: revision for revision in found}
        if len(found) < 2:
            st.caption(f"{_named(found[0])}. Change something and save, and both versions stand here side by side.")
            return
        with st.container(horizontal=True, vertical_alignment="bottom"):
            ids = list(by_id)
            old = st.selectbox("Older", ids, index=1, key=f"ad_old_{ad.id}", format_func=lambda i: _named(by_id[i]))
            new = st.selectbox("Newer", ids, index=0, key=f"ad_new_{ad.id}", format_func=lambda i: _named(by_id[i]))
        if old == new:
            st.caption("Choose two different versions.")
            return
        a, b = by_id[old], by_id[new]
        texts = ads.texts_of(ctx.db, ctx.actor, (*a.text_ids, *b.text_ids))
        _compared(brief, ad, (f"Version {a.number}", a.places), (f"Version {b.number}", b.places), texts)


def conflict(ctx: Context, ad: StoredAd, brief: Brief, bench: Bench) -> None:
    """Somebody else saved meanwhile: both versions, and three ways out. Nothing is lost before one is chosen."""
    theirs = bench.theirs
    if theirs is None:
        return
    texts = ads.texts_of(ctx.db, ctx.actor, (*theirs.text_ids, *(p.text_id for p in (*bench.places, *bench.saved))))
    newer = {i: text.newer_id for i, text in texts.items() if text.newer_id is not None}
    with st.container(border=True, key="ad_conflict"):
        st.warning(
            plain(f"{theirs.author} saved version {theirs.number} on {when(theirs.created_at)}, while you worked on "
                  f"version {bench.base}. Yours is not saved."), icon=":material/merge:",
        )  # fmt: skip
        with st.container(horizontal=True):
            st.button("Merge both", key="ad_merge", type="primary", icon=":material/merge:", on_click=_merge,
                      args=(bench, theirs, newer),
                      help="Your order and pins, what each of you added, and nothing that either removed.")  # fmt: skip
            st.button("Keep mine", key="ad_keep_mine", on_click=_keep, args=(bench, theirs),
                      help="Yours becomes the next version once you save; theirs stays in the list.")  # fmt: skip
            st.button("Take theirs", key="ad_take_theirs", on_click=_theirs, args=(bench, theirs))
        _compared(brief, ad, (f"Theirs, version {theirs.number}", theirs.places), ("Yours", bench.places), texts)


def _compared(
    brief: Brief,
    ad: StoredAd,
    old: tuple[str, Sequence[Place]],
    new: tuple[str, Sequence[Place]],
    texts: Mapping[int, AdText],
) -> None:
    rows = differences(old[1], new[1], texts)
    counts = [f"{n} {word}" for mark, (_, word) in MARKS.items() if (n := sum(r.mark == mark for r in rows))]
    strengths = [assess(brief, ad.placement, places, texts) for _, places in (old, new)]
    told = [f"{name}: {s.level}" + (f", {s.score:.0f} of 100" if s.score else "")
            for (name, _), s in zip((old, new), strengths, strict=True)]  # fmt: skip
    st.markdown(f"{plain(', '.join(counts) or 'both are empty')}. Strength of {plain('; '.join(told))}.")
    st.html(sides_html(old[0], new[0], rows))


def sides_html(old: str, new: str, rows: Sequence[Difference]) -> str:
    """The table: mark and word, then both wordings with their scores."""
    body = "".join(
        f'<tr><td><span aria-hidden="true">{MARKS[r.mark][0]}</span> {MARKS[r.mark][1]}</td>'
        f"<td>{_cell(r.old, r.old_text)}</td><td>{_cell(r.new, r.new_text)}</td><td>{escape(r.words)}</td></tr>"
        for r in rows
    )
    head = "".join(f"<th>{escape(h)}</th>" for h in ("", old, new, "In words"))
    return scrolling(f'<table class="rl-table rl-sides"><tr>{head}</tr>{body}</table>')


def _cell(name: str, text: AdText | None) -> str:
    if text is None:
        return "—"
    said = f'<b>{escape(name)}</b> <span dir="auto">{escape(text.text.text)}</span>'
    if text.text.card is None:
        return f"{said}<br><small>not scored</small> {status_html(text.status)}"
    word, icon = level_words(text.text.card.compliance.level, old_words(text.text))
    chance = f"beats a typical text {100 * text.text.card.beats_typical:.0f} in 100"
    return f"{said}<br><small>{icon} {word} · {chance}</small> {status_html(text.status)}"


def _named(revision: Revision) -> str:
    status = status_chip(revision.status)
    return f"Version {revision.number} · {status} · {when(revision.created_at)} · {revision.author}"


def _merge(bench: Bench, theirs: Revision, newer: Mapping[int, int]) -> None:
    _rest_on(bench, theirs, ad_working.merged(bench.places, theirs.places, bench.saved, newer))


def _keep(bench: Bench, theirs: Revision) -> None:
    _rest_on(bench, theirs, bench.places)


def _theirs(bench: Bench, theirs: Revision) -> None:
    _rest_on(bench, theirs, theirs.places)


def _rest_on(bench: Bench, theirs: Revision, places: tuple[Place, ...]) -> None:
    """From now on the bench stands on their version."""
    bench.base, bench.saved, bench.places, bench.theirs = theirs.number, theirs.places, places, None
