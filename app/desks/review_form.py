"""The verdict form: findings accepted or dismissed, words marked, countries, and one key for each verdict.

Buttons act in callbacks, which ask again who is there, so a role that was taken away meanwhile is refused. A second
press within SOONEST after a text came up is a double click and is dropped: it was meant for the text before.
"""

import time
from datetime import UTC, datetime, timedelta
from datetime import time as clock

import streamlit as st

from app.components.context import Context, context
from app.components.countries import country
from app.components.plain import plain
from app.components.wordmarks import marked_spans, word_marks
from app.desks.review_card import OUTCOMES, finding_more, finding_words, findings_of, rule_choices
from app.services.people import Forbidden, NotFound
from app.services.review_card import Around
from app.services.review_looks import Look, skip
from app.services.reviewing import Call, Outcome, give_verdict, last_verdict, undo
from app.services.sessions import SignedOut
from app.services.stored import StoredText
from db.session import StorageError
from relate_engine.brief import Brief, BriefError
from relate_engine.rewards.rules import RuleError, RuleSet
from relate_engine.scorecard import Finding

TROUBLE = (BriefError, Forbidden, NotFound, RuleError, StorageError)
PRESSED = (*TROUBLE, SignedOut)  # in a callback: main.py shows the way in again at the run that follows
SOONEST = 0.4  # seconds after which a press can be meant for the text on screen
MONTHS_3 = timedelta(days=90)
# outcome, label, icon, key
BUTTONS: tuple[tuple[Outcome, str, str, str], ...] = (
    ("compliant", "Compliant", ":material/check:", "1"),
    ("violation", "Violation", ":material/flag:", "2"),
    ("needs_proof", "Needs proof", ":material/help:", "3"),
    ("allowed", "Allowed until the date", ":material/event:", "4"),
    ("escalate", "Escalate", ":material/priority_high:", "5"),
)
ACCEPT, DISMISS = "Accept", "Dismiss"


def trouble() -> None:
    """What went wrong at the last press, once."""
    if message := st.session_state.pop("review_trouble", ""):
        st.error(plain(message), icon=":material/error:")


def last_word(ctx: Context | None = None) -> None:
    """The verdict just given, with the way back; in the queue (with `ctx`) after a refresh too."""
    if said := st.session_state.get("review_said"):
        verdict_id, text, outcome, settled = said
        with st.container(horizontal=True, vertical_alignment="center"):
            short = text if len(text) <= 60 else f"{text[:59]}…"
            more = f" · also settled {settled} identical {'text' if settled == 1 else 'texts'}" if settled else ""
            words = OUTCOMES[outcome][0].lower()
            st.markdown(f":material/done: Saved: **{words}** · {plain(short)}{more}", width="content")
            st.button("Undo", on_click=_undo, args=(verdict_id,), type="tertiary", icon=":material/undo:", shortcut="U")
    elif ctx and (last := last_verdict(ctx.db, ctx.actor)):
        st.button(
            "Undo your last verdict", on_click=_undo, args=(last.id,), type="tertiary", icon=":material/undo:",
            shortcut="U",
        )  # fmt: skip


def form(rules: RuleSet, text: StoredText, brief: Brief, look: Look | None, beside: Around) -> None:
    """Everything to say about the text. `look` is None for a text opened from the list."""
    key, findings, twins = f"review_{text.id}", findings_of(text, beside.today), beside.twins
    st.session_state.setdefault(f"{key}_shown", time.monotonic())
    trouble()
    st.markdown("**Mark the words at fault**")
    word_marks(text.text, "Words at fault: Space marks a word, Shift with an arrow marks several", f"{key}_marks")
    with st.form(key, enter_to_submit=False, border=False):
        _findings(text, findings, key, beside.blind, rules)
        left = [c for c in brief.countries if not look or c not in look.judged]
        _details(text, look, left, findings, key, rules)
        if twins:
            st.caption(
                f"Also settles {twins} identical {'text' if twins == 1 else 'texts'}; Undo takes all of it back."
            )
        with st.container(horizontal=True):
            for outcome, label, icon, shortcut in BUTTONS:
                st.form_submit_button(
                    label, on_click=_save, args=(text, findings, outcome, look.id if look else None, left, twins),
                    icon=icon, key=f"{key}_{outcome}", type="primary" if shortcut in "12" else "secondary",
                    shortcut=shortcut,
                )  # fmt: skip
    st.button("Skip", key=f"{key}_skip", on_click=_skip, args=(text.id,), icon=":material/skip_next:", shortcut="N")


def _findings(text: StoredText, findings: list[Finding], key: str, blind: bool, rules: RuleSet) -> None:
    if blind:
        return
    st.markdown("**Suggested findings**" if findings else "**Rules and classifier found nothing**")
    if findings:
        with st.container(horizontal=True):
            for word, icon, shortcut in ((ACCEPT, ":material/check_circle:", "A"), (DISMISS, ":material/cancel:", "D")):
                st.form_submit_button(
                    f"{word} all", key=f"{key}_all_{word.lower()}", icon=icon, shortcut=shortcut, type="tertiary",
                    on_click=_call_all, args=(key, len(findings), word),
                )  # fmt: skip
    for number, finding in enumerate(findings):
        st.segmented_control(
            finding_words(finding, text.text), [ACCEPT, DISMISS], key=f"{key}_call_{number}", width="stretch"
        )
        st.caption(finding_more(finding, rules))
    if findings:
        st.text_input("Why dismissed (optional)", key=f"{key}_why", max_chars=500)


def _call_all(key: str, findings: int, word: str) -> None:
    for number in range(findings):
        st.session_state[f"{key}_call_{number}"] = word


def _details(
    text: StoredText, look: Look | None, countries: list[str], findings: list[Finding], key: str, rules: RuleSet
) -> None:
    choices = rule_choices(text, rules)
    st.multiselect(
        "Other rules it breaks" if findings else "Rules it breaks", list(choices), key=f"{key}_rules",
        format_func=lambda rule_id: f"{rule_id} · {choices[rule_id].message}",
        placeholder="Type a word of the rule or its number",
    )  # fmt: skip
    if len(countries) > 1:
        st.multiselect(
            "Countries this verdict is for", countries, default=countries, key=f"{key}_countries",
            format_func=country, help="Those left out come next.",
        )  # fmt: skip
    elif countries and look and look.judged:
        st.markdown(f"**This verdict is for: {country(countries[0])}**, the country that is left.")
    left, right = st.columns([3, 1])
    left.text_area("Comment (optional)", key=f"{key}_comment", height=68, placeholder="Why, for the next reader")
    today = datetime.now(UTC).date()
    right.date_input(
        "Allowed until",
        today + MONTHS_3,
        min_value=today + timedelta(days=1),
        format="YYYY-MM-DD",
        key=f"{key}_until",
        help="After that day (UTC) it goes back to review by itself, live or not.",
    )


def _save(
    text: StoredText, findings: list[Finding], outcome: Outcome, look_id: int | None, left: list[str], twins: int
) -> None:
    """Stores the verdict that the form holds; trouble keeps the form as it is."""
    state, key = st.session_state, f"review_{text.id}"
    seconds = time.monotonic() - state.get(f"{key}_shown", 0.0)
    if seconds < SOONEST:
        state["review_trouble"] = "That was quicker than reading: nothing was stored for this text. Press again."
        return
    said = [state.get(f"{key}_call_{n}") for n in range(len(findings))]
    weighty = [word for f, word in zip(findings, said, strict=True) if f.severity != "note"]
    if outcome != "escalate" and (unsaid := weighty.count(None)):
        state["review_trouble"] = (
            f"{unsaid} suggested {'finding is' if unsaid == 1 else 'findings are'} neither accepted nor dismissed. "
            "Choose for each (A accepts all, D dismisses all), then give the verdict again."
        )
        return
    why = state.get(f"{key}_why") or ""
    calls = [
        Call(f.rule_id, f.start, f.end, word == ACCEPT, "" if word == ACCEPT else why)
        for f, word in zip(findings, said, strict=True)
        if word
    ]
    agreed = [f for f, word in zip(findings, said, strict=True) if word == ACCEPT]
    spans = [(f.start, f.end) for f in agreed if f.start is not None and f.end is not None]
    spans += marked_spans(f"{key}_marks", text.text)
    rules = [f.rule_id for f in agreed] + list(state.get(f"{key}_rules") or ())
    comment = state.get(f"{key}_comment") or ""
    if outcome == "violation" and not (rules or spans or comment.strip()):
        state["review_trouble"] = (
            "Say why, so that its author can mend it: "
            + ("accept a finding (A accepts all), mark the words, " if findings else "mark the words, ")
            + "choose a rule or write a comment."
        )
        return
    until = datetime.combine(state[f"{key}_until"], clock.max, UTC) if state.get(f"{key}_until") else None
    try:
        ctx = context()
        given = give_verdict(
            ctx.db, ctx.actor, text.id, outcome, rules, spans, comment,
            countries=state.get(f"{key}_countries") or left, until=until, calls=calls, seconds=seconds, look_id=look_id,
        )  # fmt: skip
    except PRESSED as error:
        state["review_trouble"] = str(error)
        return
    state["review_open"], state["review_said"] = None, (given.id, text.text, outcome, twins)
    _forget(key)


def _forget(key: str) -> None:
    """What the form held; a text that comes up again starts empty."""
    for name in [n for n in st.session_state if str(n).startswith(f"{key}_")]:
        del st.session_state[name]


def _skip(text_id: int) -> None:
    try:
        ctx = context()
        skip(ctx.db, ctx.actor, text_id)
    except PRESSED as error:
        st.session_state["review_trouble"] = str(error)
        return
    st.session_state["review_open"], st.session_state["review_said"] = None, None


def _undo(verdict_id: int) -> None:
    try:
        ctx = context()
        text_id = undo(ctx.db, ctx.actor, verdict_id)
    except PRESSED as error:
        st.session_state["review_trouble"] = str(error)
        return
    st.session_state["review_said"] = None
    if st.session_state.get("review_view") == "Browse":
        st.session_state["review_open"] = text_id
