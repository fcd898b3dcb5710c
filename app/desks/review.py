"""The Review desk: one stored text after another, with what the rules found, and a verdict.

The reviewer sees the text with its findings marked, the brief's facts beside it, agrees with findings
or names other rules and words, and presses Compliant or Violation; the next text comes up at once. All
verdicts are kept, the newest counts. Leaves out gold texts, overlap and agreement between reviewers.
"""

from functools import lru_cache

import streamlit as st

from app.components.card import LEVELS, compliance_words, width_words
from app.components.context import Context, context
from app.components.marks import SEVERITIES, marked, worst_first
from app.components.plain import plain
from app.services.briefs import get_brief
from app.services.drafting import get_texts
from app.services.people import Forbidden, NotFound, may
from app.services.reviewing import Outcome, ReviewPage, give_verdict, queue, span_of, verdict_history
from app.services.stored import StoredText
from db.session import StorageError
from relate_engine.brief import ANGLES, PLACEMENTS, Brief, BriefError, placement_of
from relate_engine.config import ASSETS
from relate_engine.rewards.rules import Rule, RuleError, RuleSet, load_rules
from relate_engine.scorecard import Finding

ON_A_PAGE = 10
TROUBLE = (BriefError, Forbidden, NotFound, RuleError, StorageError)
STATES: dict[str, bool | None] = {"Waiting": False, "Judged": True, "All": None}


@lru_cache(maxsize=1)
def _rules() -> RuleSet:
    return load_rules(ASSETS / "rules")


def page() -> None:
    """Draws the desk. Trouble is one sentence, and what was typed stays."""
    st.title("Review")
    st.caption("Decide text by text whether it may run. Every verdict is kept; the newest one counts.")
    try:
        _desk(context())
    except TROUBLE as error:
        st.error(plain(str(error)))


def _desk(ctx: Context) -> None:
    waiting, judged = (queue(ctx.db, ctx.actor, labelled=labelled, page_size=1).total for labelled in (False, True))
    if not waiting + judged:
        st.info(
            "Nothing to review yet. Draft an ad or bring your own lines on the Draft desk: every text "
            "shown there is stored and waits here for a verdict.",
            icon=":material/inbox:",
        )
        return
    found = _filtered(ctx, waiting, judged)
    text = _open_text(ctx, found)
    _last_word()
    if text is None:
        if st.session_state.get("review_state") == "Waiting" and not waiting:
            st.success(f"Every text has a verdict ({judged:,} in all). Choose Judged to look at them again.")
        else:
            st.info("No text matches these filters; clear the search or choose All.")
        return
    brief = get_brief(ctx.db, ctx.actor, text.brief_id).brief
    main, side = st.columns([3, 2], gap="large")
    with main:
        _text(text, brief, found)
        if may(ctx.actor, "review.judge"):
            _form(ctx, text, found)
        else:
            for finding in _findings(text):
                st.markdown(_in_words(finding, text.text))
            st.caption(f"Your role, {ctx.actor.role}, may read here; verdicts are given by reviewers.")
    with side:
        _brief(brief, text)
        _history(ctx, text)
    _list(found, text)


def _filtered(ctx: Context, waiting: int, judged: int) -> ReviewPage:
    counts = {"Waiting": waiting, "Judged": judged, "All": waiting + judged}
    with st.container(horizontal=True):
        state = st.segmented_control(
            "Show", list(STATES), default="Waiting", required=True, key="review_state", on_change=_restart,
            format_func=lambda s: f"{s} {counts[s]:,}", label_visibility="collapsed",
        )  # fmt: skip
        used = sum(bool(st.session_state.get(f"review_{name}")) for name in ("level", "placement", "search"))
        with st.popover(f"Filter ({used})" if used else "Filter", icon=":material/filter_list:"):
            level = st.selectbox(
                "Level", [None, *LEVELS], key="review_level", on_change=_restart,
                format_func=lambda name: LEVELS[name][0].capitalize() if name else "Any level",
            )  # fmt: skip
            where = st.selectbox(
                "Placement", [None, *PLACEMENTS], key="review_placement", on_change=_restart,
                format_func=lambda name: placement_of(name).label if name else "Any placement",
            )  # fmt: skip
            search = st.text_input("Search text or product", key="review_search", on_change=_restart, max_chars=200)
    return queue(
        ctx.db, ctx.actor, level=level, placement=where, search=search or "",
        labelled=STATES[state or "Waiting"], page=st.session_state.get("review_at", 1), page_size=ON_A_PAGE,
    )  # fmt: skip


def _restart() -> None:
    """A changed filter: back to its first page and first text."""
    _turn(None)


def _open_text(ctx: Context, found: ReviewPage) -> StoredText | None:
    """The text asked for, on this page or not, else the first of the page."""
    asked, here = st.session_state.get("review_open"), {text.id: text for text in found.texts}
    if asked is not None:
        return here[asked] if asked in here else get_texts(ctx.db, ctx.actor, [asked])[0]
    return found.texts[0] if found.texts else None


def _text(text: StoredText, brief: Brief, found: ReviewPage) -> None:
    ids = [t.id for t in found.texts]
    place = (found.page - 1) * ON_A_PAGE + ids.index(text.id) + 1 if text.id in ids else 0
    st.subheader(f"Text {place:,} of {found.total:,}" if place else "Opened again", anchor=False)
    large = "font-size:1.5rem;line-height:1.5;margin:0;overflow-wrap:anywhere"
    st.html(f'<p class="rl-text" style="{large}" dir="auto">{marked(text.text, _findings(text))}</p>')
    placement = placement_of(text.placement)
    told = [placement.label, placement.slot(text.slot).label]
    told += [ANGLES[text.angle]] if text.angle else []
    told += ["written by a person" if text.by_person else f"writer {text.author.removeprefix('policy:')}"]
    told += [f"width {width_words(text.card)}"] if text.card else []
    st.caption(plain(" · ".join(told)))
    if text.card is None:
        st.caption("Not scored yet, so there are no findings to go by.")
        return
    words = compliance_words(text.card, text.placement, brief.countries)
    _, icon = LEVELS[text.card.compliance.level]
    st.markdown(f"{icon} {plain(words[0].upper() + words[1:])}.")
    if text.card.versions.get("rules") != _rules().version:
        st.caption("Scored by another version of the rules: today's findings may differ.")
    if text.brief_changed:
        st.caption("The brief was changed after this text was scored.")


def _findings(text: StoredText) -> list[Finding]:
    """What was found in the text, the worst first."""
    return worst_first(text.card.findings) if text.card else []


def _in_words(finding: Finding, text: str) -> str:
    word, icon = SEVERITIES[finding.severity]
    words = f" “{text[finding.start : finding.end]}”" if finding.start is not None else ""
    return f"{icon} **{word.capitalize()}** · {plain(f'{finding.rule_id}{words}: {finding.message}')}"


def _form(ctx: Context, text: StoredText, found: ReviewPage) -> None:
    key = f"review_{text.id}"
    findings = _findings(text)
    if message := st.session_state.pop("review_trouble", ""):
        st.error(plain(message), icon=":material/error:")
    with st.form(key, enter_to_submit=False):
        st.markdown("**Found by the rules** · tick what you agree with" if findings else "**The rules found nothing**")
        for number, finding in enumerate(findings):
            more = " ".join(filter(None, (finding.fix, f"Source: {finding.source}" if finding.source else "")))
            st.checkbox(_in_words(finding, text.text), key=f"{key}_agree_{number}", help=plain(more) or None)
        rules = _choices(text)
        st.multiselect(
            "Rules it breaks" if not findings else "Other rules it breaks", list(rules), key=f"{key}_rules",
            format_func=lambda rule_id: f"{rule_id} · {rules[rule_id].message}",
            placeholder="Type a word of the rule or its number",
        )  # fmt: skip
        left, right = st.columns(2)
        left.text_area(
            "Words at fault", key=f"{key}_words", height=68, max_chars=2000,
            placeholder="Copied from the text, one passage a line",
        )  # fmt: skip
        right.text_area("Comment (optional)", key=f"{key}_comment", height=68, placeholder="Why, for the next reader")
        with st.container(horizontal=True):
            for label, outcome, icon in (
                ("Compliant", "compliant", ":material/check:"), ("Violation", "violation", ":material/flag:")
            ):  # fmt: skip
                st.form_submit_button(
                    label, on_click=_save, args=(ctx, text, outcome, _after(text, found)), icon=icon,
                    key=f"{key}_{outcome}", type="primary",
                )  # fmt: skip
    st.button("Skip this text", on_click=_open, args=(_after(text, found),), icon=":material/skip_next:")


def _choices(text: StoredText) -> dict[str, Rule]:
    """Rules about a text by id, those of its placement and slot first."""
    rules = [rule for rule in _rules().rules if "text" in rule.subjects]

    def elsewhere(rule: Rule) -> bool:
        placed = not rule.placements or text.placement in rule.placements
        return not (placed and (not rule.slots or text.slot in rule.slots))

    return {rule.id: rule for rule in sorted(rules, key=lambda r: (elsewhere(r), r.id))}


def _after(text: StoredText, found: ReviewPage) -> int | None:
    """The text below this one in the list; None is the first of what is left."""
    ids = [t.id for t in found.texts]
    below = ids[ids.index(text.id) + 1 :] if text.id in ids else []
    return below[0] if below else None


def _save(ctx: Context, text: StoredText, outcome: Outcome, following: int | None) -> None:
    """Stores the verdict that the form holds and opens the next text; trouble keeps the form as it is."""
    state, key = st.session_state, f"review_{text.id}"
    agreed = [f for i, f in enumerate(_findings(text)) if state.get(f"{key}_agree_{i}")]
    typed = [line.strip() for line in (state.get(f"{key}_words") or "").splitlines() if line.strip()]
    try:
        spans = [(f.start, f.end) for f in agreed if f.start is not None and f.end is not None]
        spans += [span_of(text.text, words) for words in typed]
        rules = [f.rule_id for f in agreed] + list(state.get(f"{key}_rules") or ())
        give_verdict(ctx.db, ctx.actor, text.id, outcome, rules, spans, state.get(f"{key}_comment") or "")
    except TROUBLE as error:
        state["review_trouble"] = str(error)
        return
    _open(following)
    state["review_said"] = (text.id, text.text, outcome)


def _open(text_id: int | None) -> None:
    st.session_state["review_open"], st.session_state["review_said"] = text_id, None


def _last_word() -> None:
    """The verdict just given, with the way back to it."""
    if said := st.session_state.get("review_said"):
        text_id, text, outcome = said
        with st.container(horizontal=True, vertical_alignment="center"):
            short = text if len(text) <= 60 else f"{text[:59]}…"
            st.markdown(f":material/done: Saved: **{outcome}** · {plain(short)}", width="content")
            st.button("Change it", on_click=_open, args=(text_id,), type="tertiary", icon=":material/undo:")


def _brief(brief: Brief, text: StoredText) -> None:
    st.markdown("#### What the brief supports")
    lines = [f"**{plain(brief.product)}**", plain(brief.description)]
    lines += ["\n".join(f"- {plain(benefit)}" for benefit in brief.benefits)] if brief.benefits else []
    if brief.claims:
        claims = (f"- {plain(c.text)}  \n  :small[Evidence: {plain(c.evidence)}]" for c in brief.claims)
        lines += ["**Claims with evidence**", "\n".join(claims)]
    else:
        lines += ["**Claims with evidence:** none"]
    kit = brief.brand_kit
    facts = {
        "For": brief.audience, "Vertical": brief.vertical, "Countries": ", ".join(brief.countries).upper(),
        "Names": ", ".join(kit.names), "Must say": ", ".join(kit.must_say),
        "Never say": ", ".join(kit.never_say),
    }  # fmt: skip
    lines += ["  \n".join(f"**{name}:** {plain(value)}" for name, value in facts.items() if value)]
    lines += [f"**Customer reviews:** {plain(' / '.join(brief.reviews))}"] if brief.reviews else []
    st.markdown("\n\n".join(lines))


def _history(ctx: Context, text: StoredText) -> None:
    st.markdown("#### Verdicts so far")
    verdicts = verdict_history(ctx.db, ctx.actor, text.id)
    if not verdicts:
        st.caption("None yet.")
    for verdict in verdicts:
        icon = ":material/check:" if verdict.outcome == "compliant" else ":material/flag:"
        who = "you" if verdict.reviewer_id == ctx.actor.user_id else f"reviewer {verdict.reviewer_id}"
        words = ", ".join(f"“{text.text[start:end]}”" for start, end in verdict.spans)
        told = filter(None, (", ".join(verdict.rules), words, verdict.comment))
        st.markdown(
            f"{icon} **{verdict.outcome.capitalize()}**{' (superseded)' if verdict.superseded else ''} · "
            f"{verdict.created_at:%d %b %Y, %H:%M} UTC · {who}  \n{plain(' · '.join(told))}"
        )


def _list(found: ReviewPage, text: StoredText) -> None:
    """The page of the queue as a list to choose from."""
    if not found.texts:
        return
    st.divider()
    st.markdown("#### Queue")
    here = {t.id: t for t in found.texts}
    st.session_state["review_list"] = text.id if text.id in here else None

    def told(t: StoredText) -> str:
        placement = placement_of(t.placement)
        level = LEVELS[t.card.compliance.level][0] if t.card else "not scored"
        verdict = t.verdict.outcome if t.verdict else "no verdict"
        parts = (found.brief_titles[t.brief_id], placement.label, placement.slot(t.slot).label, level, verdict)
        return plain(" · ".join(parts))

    st.radio(
        "Choose a text", list(here), key="review_list", index=None, label_visibility="collapsed",
        format_func=lambda text_id: plain(here[text_id].text), captions=[told(t) for t in found.texts],
        on_change=lambda: _open(st.session_state["review_list"]),
    )  # fmt: skip
    if found.pages > 1:
        key = f"review_page_{found.page}_{found.pages}"  # the queue shrinks under it: a new one each time
        st.pagination(found.pages, default=found.page, key=key, on_change=_turn, args=(key,))


def _turn(key: str | None) -> None:
    """To the page that the pagination of this key names, or to the first."""
    st.session_state["review_at"] = st.session_state[key] if key else 1
    _open(None)
