"""The form of one rule: what it looks for, how bad that is, where it holds, its source and its examples.

"Try it" runs the rule on its examples without saving; "Save" puts it into the person's draft. Trouble is one sentence,
and what was typed stays. Leaves out publishing (rules_draft.py).
"""

import streamlit as st

from app.components.context import Context
from app.components.plain import plain
from app.desks.rules_show import DOES, PACKS, READ, tried_html, tried_words
from app.services import rulebook, rulebook_draft, rulebook_trial
from app.services.people import Forbidden, NotFound
from app.services.rulebook_form import LONGEST_SENTENCE, RuleForm
from db.session import StorageError
from relate_engine.brief import PLACEMENTS, BriefError
from relate_engine.rewards.overlay import Overlay
from relate_engine.rewards.rules import RuleError

NEW = "new"
TROUBLE = (BriefError, Forbidden, NotFound, RuleError, StorageError)
EMPTY = RuleForm("block", "", "", "", "seen")
WORDS, PATTERN = "Words or phrases", "A pattern (regular expression)"


def form(ctx: Context, editing: str, overlay: Overlay) -> None:
    """Draws the form of a rule of the draft (or of the rules in use), or of a new one."""
    listed = next((x for x in rulebook.listed(overlay) if x.rule.id == editing), None)
    if listed is None and editing != NEW:
        _close()
        st.rerun()
    now = rulebook_draft.form_of(overlay, listed.rule) if listed else EMPTY
    rule_id, key = (listed.rule.id if listed else None), f"rule_{editing}"
    st.header(f"Edit {rule_id}" if rule_id else "A rule of your own", anchor=False)
    if message := st.session_state.pop("rule_trouble", ""):
        st.error(plain(message), icon=":material/error:")
    how = st.radio("It looks for", [WORDS, PATTERN], index=1 if now.pattern else 0, horizontal=True, key=f"{key}_how")
    with st.form(key, enter_to_submit=False):
        _looks_for(key, now, how == WORDS)
        _says(key, now, listed is not None and listed.rule.severity == "note")
        _holds(key, now)
        _examples(key, now)
        with st.container(horizontal=True):
            st.form_submit_button("Try it", key=f"{key}_try", icon=":material/play_arrow:", on_click=_try,
                                  args=(ctx, key, rule_id))  # fmt: skip
            st.form_submit_button("Save to my edits", key=f"{key}_save", icon=":material/save:", type="primary",
                                  on_click=_save, args=(ctx, key, rule_id))  # fmt: skip
    st.button("Leave without saving", key="rule_leave", icon=":material/close:", on_click=_close)
    if found := st.session_state.get("rule_tried"):
        rule, rows = found
        st.markdown(f"**Tried, not saved.** {plain(tried_words(rows))}")
        st.html(tried_html(rule, rows))


def _looks_for(key: str, now: RuleForm, words: bool) -> None:
    left, right = st.columns(2)
    if words:
        left.text_area("Words or phrases, one a line", "\n".join(now.words), key=f"{key}_words", height=120,
                       help="Whole words, in any case and spacing. Word forms are not added: write each.")  # fmt: skip
        right.text_area(
            "Exceptions, one a line (optional)", "\n".join(now.unless_words), key=f"{key}_unless_words", height=120,
            help="Where the text holds one of these, a hit needs proof instead of blocking. It never clears the text: "
            "that takes a claim with evidence in the brief.",
        )  # fmt: skip
    else:
        left.text_area(
            "Pattern", now.pattern, key=f"{key}_pattern", height=120,
            help="A Python regular expression, searched in the text. Begin with (?i) to ignore case.",
        )  # fmt: skip
        right.text_area(
            "Exception pattern (optional)", now.unless, key=f"{key}_unless", height=120,
            help="Where it matches, a hit needs proof instead of blocking. It never clears the text.",
        )  # fmt: skip


def _says(key: str, now: RuleForm, note: bool) -> None:
    choices = ["block", "warn", *(["note"] if note else [])]
    st.radio("What a hit does", choices, index=choices.index(now.severity), horizontal=True, key=f"{key}_severity",
             format_func=lambda s: {**DOES, "block": "blocks the text", "warn": "warns"}[s])  # fmt: skip
    left, right = st.columns(2)
    left.text_input("What is wrong, in one sentence", now.message, key=f"{key}_message", max_chars=LONGEST_SENTENCE)
    right.text_input("What to do instead", now.fix, key=f"{key}_fix", max_chars=LONGEST_SENTENCE)
    left, right = st.columns(2)  # in rows of their own: on a phone each stands with what belongs to it
    left.text_input("Source", now.source, key=f"{key}_source", max_chars=LONGEST_SENTENCE,
                    placeholder="A web address, or the document and page")  # fmt: skip
    right.selectbox("How the source was read", list(READ), index=list(READ).index(now.source_status),
                    key=f"{key}_source_status", format_func=lambda s: READ[s][0].upper() + READ[s][1:])  # fmt: skip


def _holds(key: str, now: RuleForm) -> None:
    slots = {slot.name: slot.label for p in PLACEMENTS.values() for slot in p.slots}
    one, two, three = st.columns(3)
    one.multiselect("Placements", list(PLACEMENTS), list(now.placements), key=f"{key}_placements",
                    format_func=lambda p: PLACEMENTS[p].label, placeholder="All placements")  # fmt: skip
    two.multiselect("Slots", list(slots), list(now.slots), key=f"{key}_slots", format_func=slots.__getitem__,
                    placeholder="All slots")  # fmt: skip
    three.multiselect("Countries", list(PACKS), list(now.countries), key=f"{key}_countries",
                      format_func=PACKS.__getitem__, placeholder="All countries")  # fmt: skip


def _examples(key: str, now: RuleForm) -> None:
    one, two, three = st.columns(3)
    one.text_area("Texts it must hit, one a line", "\n".join(now.violating), key=f"{key}_violating", height=120)
    two.text_area("Texts it must leave alone, one a line", "\n".join(now.clean), key=f"{key}_clean", height=120)
    three.text_area(
        "Texts that only hold an exception (optional)", "\n".join(now.magic), key=f"{key}_magic", height=120,
        help="They must still be hit. Each exception is also added to your first two violating texts by itself.",
    )  # fmt: skip


def _typed(key: str) -> RuleForm:
    state = st.session_state

    def text(name: str) -> str:
        return str(state.get(f"{key}_{name}") or "")

    def lines(name: str) -> tuple[str, ...]:
        return tuple(line for line in text(name).splitlines() if line.strip())

    words = state[f"{key}_how"] == WORDS
    return RuleForm(
        severity=text("severity"), message=text("message"), fix=text("fix"), source=text("source"),
        source_status=text("source_status"), words=lines("words") if words else (),
        pattern="" if words else text("pattern"), unless_words=lines("unless_words") if words else (),
        unless="" if words else text("unless"), violating=lines("violating"), clean=lines("clean"),
        magic=lines("magic"),
        **{name: tuple(sorted(state.get(f"{key}_{name}") or ())) for name in ("placements", "slots", "countries")},
    )  # fmt: skip


def _try(ctx: Context, key: str, rule_id: str | None) -> None:
    st.session_state["rule_tried"] = None
    try:
        rule = rulebook_draft.rule_as_typed(ctx.actor, rule_id, _typed(key))
        st.session_state["rule_tried"] = rule, rulebook_trial.examples_of(rule)
    except TROUBLE as error:
        st.session_state["rule_trouble"] = str(error)


def _save(ctx: Context, key: str, rule_id: str | None) -> None:
    try:
        made = rulebook_draft.save_rule(ctx.db, ctx.actor, rule_id, _typed(key))
    except TROUBLE as error:
        st.session_state["rule_trouble"] = str(error)
        return
    _close()
    st.session_state["rules_view"] = "draft"
    st.session_state["rules_said"] = f"{made} is saved in your edits. It judges nothing until you publish it."


def _close() -> None:
    st.session_state["rules_editing"] = st.session_state["rule_tried"] = None
