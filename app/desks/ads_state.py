"""What one browser tab remembers of the Ads desk, and the ways to it from other desks.

The open ad is in the address (`?ad=12`). What was put together since the last save lives here and is kept aside at
every change (services/ad_working.py), so a refresh brings it back; it knows the version it began from, so a save never
goes over somebody else's.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import streamlit as st

from app.components.context import Context
from app.services import ad_working, ads
from app.services.ad_records import Place, Revision, StoredAd
from app.services.exporting import ExportRefused
from app.services.people import Forbidden, NotFound, may
from db.session import StorageError
from relate_engine.brief import BriefError, Placement

TROUBLE = (BriefError, ExportRefused, Forbidden, NotFound, StorageError)


@dataclass
class Bench:
    """The open ad as it is being put together. `saved`: what version `base` holds."""

    ad_id: int
    base: int
    saved: tuple[Place, ...]
    places: tuple[Place, ...]
    theirs: Revision | None = None  # saved by somebody else meanwhile
    number: int = 0  # of the combination in the preview
    kept: tuple[int, tuple[Place, ...]] | None = None  # base and places as they were kept aside
    back: datetime | None = None  # when what was brought back had been changed

    @property
    def dirty(self) -> bool:
        return self.places != self.saved


@dataclass
class AdsState:
    trouble: str = ""
    said: str = ""
    bench: Bench | None = None


def state() -> AdsState:
    """This tab's AdsState."""
    found: AdsState = st.session_state.setdefault("ads_desk", AdsState())
    return found


def bench_of(ctx: Context, ad: StoredAd) -> Bench:
    """The bench of an ad: made when it is opened, brought up to date where nothing is unsaved, and kept aside.

    What another tab of the same person saved is not unsaved here either.
    """
    now = state()
    bench = now.bench
    writes = may(ctx.actor, "ad.write") and not ad.brief_archived and not ad.archived
    if bench is None or bench.ad_id != ad.id:
        bench = now.bench = (writes and _brought_back(ctx, ad)) or _clean(ad, 0)
    if bench.base != ad.newest.number and bench.places in (bench.saved, ad.newest.places):
        bench = now.bench = replace(_clean(ad, bench.number), kept=bench.kept)
    if bench.base < ad.newest.number:
        bench.theirs = ad.newest
    if writes:
        _keep_aside(ctx, bench)
    return bench


def _clean(ad: StoredAd, number: int) -> Bench:
    return Bench(ad.id, ad.newest.number, ad.newest.places, ad.newest.places, number=number)


def _brought_back(ctx: Context, ad: StoredAd) -> Bench | None:
    """What this person changed in this ad before a refresh, and had not saved."""
    found = ad_working.kept(ctx.db, ctx.actor, ctx.settings, ad.id)
    if found is None:
        return None
    return Bench(ad.id, found.base, found.saved, found.places, kept=(found.base, found.places), back=found.at)


def _keep_aside(ctx: Context, bench: Bench) -> None:
    """Unsaved changes are kept, and kept again where another tab of this person kept or forgot in their place.

    Another tab's stay until this one has changes of its own, and after this one's are saved.
    """
    now = (bench.base, bench.places)
    if bench.dirty:
        there = ad_working.holds(ctx.actor, ctx.settings, bench.ad_id, *now)
        bench.kept = now if there or ad_working.keep(ctx.db, ctx.actor, ctx.settings, bench.ad_id, *now) else None
    elif bench.kept is not None:
        if ad_working.holds(ctx.actor, ctx.settings, bench.ad_id, *bench.kept):
            ad_working.forget(ctx.actor, ctx.settings, bench.ad_id)
        bench.kept = bench.back = None


def adopt(ad: StoredAd) -> None:
    """The bench is what was saved just now."""
    now = state()
    was = now.bench
    now.bench = replace(_clean(ad, was.number), kept=was.kept) if was else _clean(ad, 0)


def open_ad(ad_id: int | None) -> None:
    """Opens an ad on this desk; None goes back to the list."""
    state().bench = None
    if ad_id is None:
        st.query_params.pop("ad", None)
    else:
        st.query_params["ad"] = str(ad_id)


def asked_ad() -> int | None:
    """The ad in the address."""
    asked = st.query_params.get("ad", "")
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 18 else None


def build_from_picked(ctx: Context, brief_id: int) -> str:
    """Makes an ad of a brief's picked texts and goes to it; the sentence for the person where that failed."""
    try:
        ad = ads.create_ad(ctx.db, ctx.actor, brief_id)
    except TROUBLE as error:
        return str(error)
    state().bench = None
    desk = st.Page(_never_run, title="Ads", url_path="ads")  # known by its path
    st.switch_page(desk, query_params={"ad": str(ad.id)})


def _never_run() -> None:
    """Stands for the desk where only its path counts."""


def tried(action: Callable[[], StoredAd | None], said: str = "") -> None:
    """Runs what a button asks for; trouble is told at the top of the page, and what was built stays."""
    now = state()
    try:
        ad = action()
    except ads.StaleAd as stale:
        if now.bench is not None:
            now.bench.theirs = stale.newest
        now.trouble = str(stale)
    except TROUBLE as error:
        now.trouble = str(error)
    else:
        now.said = said
        if ad is not None and now.bench is not None and not now.bench.dirty:
            adopt(ad)


def in_slot_order(placement: Placement, places: Iterable[Place]) -> tuple[Place, ...]:
    """Places slot after slot, inside a slot in their order."""
    kept = list(places)
    return tuple(place for slot in placement.slots for place in kept if place.slot == slot.name)


def moved(places: tuple[Place, ...], text_id: int, by: int) -> tuple[Place, ...]:
    """The text one up (-1) or down (1) among those of its slot; one that is no longer there moves nothing."""
    slot = next((place.slot for place in places if place.text_id == text_id), None)
    if slot is None:
        return places
    mine = [i for i, place in enumerate(places) if place.slot == slot]
    at = next(n for n, i in enumerate(mine) if places[i].text_id == text_id)
    if not 0 <= at + by < len(mine):
        return places
    order = list(places)
    a, b = mine[at], mine[at + by]
    order[a], order[b] = order[b], order[a]
    return tuple(order)


def removed(places: tuple[Place, ...], text_id: int) -> tuple[Place, ...]:
    return tuple(place for place in places if place.text_id != text_id)


def pinned(places: tuple[Place, ...], text_id: int, pin: int | None) -> tuple[Place, ...]:
    return tuple(replace(place, pin=pin) if place.text_id == text_id else place for place in places)


def reworded(places: tuple[Place, ...], newer: Mapping[int, int]) -> tuple[Place, ...]:
    """Each text replaced by its newest wording; where that is there already, the old one is dropped."""
    held = {place.text_id for place in places}
    found = []
    for place in places:
        new = newer.get(place.text_id)
        if new is None:
            found.append(place)
        elif new not in held:
            held.add(new)
            found.append(replace(place, text_id=new))
    return tuple(found)
