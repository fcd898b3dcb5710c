"""The right side of an open ad: the strength meter with what to do next, and previews one can step through.

Both show what is on the bench, saved or not. Leaves out the formula (relate_engine/strength.py), how combinations are
counted (relate_engine/combinations.py) and how a preview is drawn (components/preview.py).
"""

from collections.abc import Mapping, Sequence

import streamlit as st

from app.components.card import table_html
from app.components.plain import plain
from app.components.preview import domain_of, google_html, meta_html, plain_html
from app.desks.ads_state import Bench
from app.services.ad_checks import pieces_of
from app.services.ad_records import AdText
from relate_engine.brief import Brief, filled, placement_of
from relate_engine.combinations import Line, combination, count
from relate_engine.strength import LEVELS, NOT_GOOGLES, Strength, names

ADVICE = 4  # sentences shown at once
FORMS = ("Full", "Shortest")


def strength_meter(found: Strength) -> None:
    """The level in words, what to do next, and how it is counted."""
    with st.container(border=True, key="ad_strength"):
        st.header(f"Strength: {found.level}", anchor=False)
        st.html(meter_html(found))
        if not found.actions:
            st.markdown("Nothing is left to gain here.")
        else:
            more = "".join(f"\n- {plain(words)}" for words in found.actions[1:ADVICE])
            st.markdown(f"**Next:** {plain(found.actions[0])}\n{more}")
        with st.expander("How it is counted"):
            rows = [(part.name, f"{part.earned:.1f} of {part.possible:.0f}", part.words) for part in found.parts]
            st.html(table_html(("Part", "Points", "Why"), rows))
            if found.level == "Incomplete":
                st.caption("An ad that cannot run as it stands is incomplete, whatever its points.")
            else:
                st.caption(f"{found.score:.0f} of 100. Poor below 50, Average below 70, Good below 85, then Excellent.")
        st.caption(f"{NOT_GOOGLES} The weights are a judgement.")


def strength_line(found: Strength) -> str:
    """Level and next step in one line, for where the meter itself is far down, as on a phone."""
    following = f" Next: {plain(found.actions[0])}" if found.actions else ""
    return f"**Strength: {found.level}.**{following}"


def meter_html(found: Strength) -> str:
    """Five steps with their words; the one that holds is bold and named for screen readers."""
    at = LEVELS.index(found.level)
    steps = "".join(
        f'<span class="{"rl-on" if 0 < n <= at else ""}{" rl-here" if n == at else ""}">{level}</span>'
        for n, level in enumerate(LEVELS)
    )
    label = f"Strength: {found.level}, step {at + 1} of {len(LEVELS)}"
    return f'<div class="rl-meter{" rl-none" if at == 0 else ""}" role="img" aria-label="{label}">{steps}</div>'


def preview(brief: Brief, placement: str, bench: Bench, texts: Mapping[int, AdText]) -> None:
    """The ad where it is shown, one combination at a time."""
    dark = st.context.theme.type == "dark"
    with st.container(border=True, key="ad_preview"):
        if placement == "google_rsa":
            _google(brief, bench, texts, dark)
        elif placement == "meta_feed":
            _meta(brief, bench, texts, dark)
        else:
            st.header("Preview", anchor=False)
            chosen = _chosen(bench, texts, ("headline", "body"))
            st.html(plain_html(chosen["headline"], chosen["body"], dark))


def _google(brief: Brief, bench: Bench, texts: Mapping[int, AdText], dark: bool) -> None:
    st.header("On Google search", anchor=False)
    lines = [Line(place.slot, filled(texts[place.text_id].text.text), place.pin) for place in bench.places]
    labels = names(pieces_of(bench.places, texts))
    total = count(lines)
    bench.number %= total
    shown = combination(lines, bench.number)
    form = st.segmented_control("Form", FORMS, default=FORMS[0], required=True, key="ad_form",
                                help="The third headline and the second description may be left out.")  # fmt: skip
    most = (3, 2) if form != "Shortest" else (2, 1)
    by_slot = {s: [(n, ln.text) for n, ln in zip(labels, lines, strict=True) if ln.slot == s]
               for s in ("headline", "description", "path")}  # fmt: skip
    heads = [by_slot["headline"][i] for i in shown.headlines[: most[0]]]
    bodies = [by_slot["description"][i] for i in shown.descriptions[: most[1]]]
    st.html(google_html([t for _, t in heads], [t for _, t in bodies], [t for _, t in by_slot["path"]],
                        domain_of(brief.landing_page), dark))  # fmt: skip
    _steps(bench, total)
    told = f"{', '.join(n for n, _ in heads) or 'no headline'} with {', '.join(n for n, _ in bodies) or 'no text'}"
    pins = [f"{n} stands at {ln.pin}" for n, ln in zip(labels, lines, strict=True) if ln.pin]
    pinned = f" Pinned: {', '.join(pins)}." if pins else ""
    st.caption(f"Shown: {told}.{pinned} Google picks the combination and may leave out the third headline or the "
               "second description.")  # fmt: skip


def _meta(brief: Brief, bench: Bench, texts: Mapping[int, AdText], dark: bool) -> None:
    st.header("In a Meta feed", anchor=False)
    whole = st.toggle("Show whole texts", key="ad_whole", help="As after “See more”.")
    chosen = _chosen(bench, texts, ("primary_text", "headline", "description"))
    slots = placement_of("meta_feed").slots
    st.html(meta_html(brief.product, chosen["primary_text"], chosen["headline"], chosen["description"],
                      domain_of(brief.landing_page), slots, whole, dark))  # fmt: skip
    folds = ", ".join(f"{slot.label.lower()} {slot.visible}" for slot in slots)
    st.caption(f"At phone width. Seen before the cut: {folds} (wide letters count twice). Meta picks the combination.")


def _chosen(bench: Bench, texts: Mapping[int, AdText], slots: Sequence[str]) -> dict[str, str]:
    """One text of each slot, by the number of the combination, and the buttons to step."""
    held = {s: [texts[p.text_id].text.text for p in bench.places if p.slot == s] for s in slots}
    total = 1
    for mine in held.values():
        total *= max(1, len(mine))
    bench.number %= total
    number, found = bench.number, {}
    for slot, mine in held.items():
        number, at = divmod(number, max(1, len(mine)))
        found[slot] = mine[at] if mine else ""
    _steps(bench, total)
    return found


def _steps(bench: Bench, total: int) -> None:
    if total == 1:
        st.caption("The only combination.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Previous", key="ad_previous", icon=":material/chevron_left:", on_click=_step, args=(bench, -1))
        st.button("Next", key="ad_next", icon=":material/chevron_right:", on_click=_step, args=(bench, 1))
        st.markdown(f"Combination {bench.number + 1:,} of {total:,}", width="content")


def _step(bench: Bench, by: int) -> None:
    bench.number += by
