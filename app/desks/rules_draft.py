"""A person's unpublished edits of the rules: what they change, what the tests say, and publishing them.

The test on history runs on request and is shown until the edits change. Leaves out the form (rules_edit.py).
"""

import json
from collections.abc import Callable

import streamlit as st

from app.components.context import Context
from app.components.marks import marked
from app.components.plain import plain
from app.desks.rules_show import edits_html, past_html, tried_html, tried_words
from app.services import rulebook, rulebook_draft, rulebook_publish, rulebook_trial
from app.services.people import Actor, Forbidden, NotFound
from app.services.rulebook_draft import Draft
from app.services.rulebook_publish import Published
from app.services.rulebook_trial import Change, Past
from db.session import Database, StorageError
from relate_engine.brief import BriefError
from relate_engine.rewards.rules import RuleError

TROUBLE = (BriefError, Forbidden, NotFound, RuleError, StorageError)
SHOWN = 50  # texts of a test on history that are listed
Step = Callable[[Database, Actor, str], None]


def edits(ctx: Context, draft: Draft | None) -> None:
    """The view. `draft` None: there are no edits."""
    if draft is None:
        st.info(
            "You have no unpublished edits. Open a rule and press Edit or Switch off, or add one of your own; "
            "everything you change is kept here until you publish it.",
            icon=":material/edit_note:",
        )
        return
    if draft.moved:
        _moved(ctx, draft)
    failed = _tested(ctx, draft)
    _past(ctx, draft)
    _publish(ctx, draft, failed)


def _moved(ctx: Context, draft: Draft) -> None:
    who = f"{draft.their_author} published other rules" if draft.their_author else "The rules in use were changed"
    st.warning(plain(f"{who} since you began, so yours cannot be published as they are. This is what changed:"),
               icon=":material/group:")  # fmt: skip
    st.html(edits_html(draft.theirs))
    clash = f" Both of you changed {', '.join(draft.clashes)}: yours would replace theirs." if draft.clashes else ""
    st.button("Put my edits on top of theirs", key="rules_take_over", icon=":material/merge:", on_click=_take_over,
              args=(ctx,))  # fmt: skip
    st.caption(plain(f"Nothing is published by it; test again, then publish.{clash}"))


def _tested(ctx: Context, draft: Draft) -> int:
    """Each edit with its tests; returns how many rules fail."""
    rules = {listed.rule.id: listed.rule for listed in rulebook.listed(draft.overlay) if listed.origin != "off"}
    found = rulebook_trial.examples(ctx.db, ctx.actor)
    failed = 0
    for edit in draft.edits:
        with st.container(border=True, key=f"rules_edit_{edit.rule_id}"):
            st.markdown(f"**{edit.rule_id}** {edit.what} · {plain(edit.message)}")
            if edit.fields:
                st.html(edits_html([edit]))
            if rows := found.get(edit.rule_id):
                wrong = any(not row.passed for row in rows)
                failed += wrong
                icon = ":material/error:" if wrong else ":material/check_circle:"
                st.markdown(f"{icon} {plain(tried_words(rows))}")
                with st.expander("Tests on its examples and on the bare exceptions", expanded=wrong):
                    st.html(tried_html(rules[edit.rule_id], rows))
            with st.container(horizontal=True):
                if edit.rule_id in rules:
                    st.button("Edit", key=f"rules_again_{edit.rule_id}", icon=":material/edit:", on_click=_edit,
                              args=(edit.rule_id,))  # fmt: skip
                st.button("Undo", key=f"rules_undo_{edit.rule_id}", icon=":material/undo:", on_click=_step,
                          args=(ctx, edit.rule_id))  # fmt: skip
    return failed


def _past(ctx: Context, draft: Draft) -> None:
    st.header("Test on history", anchor=False)
    st.caption(
        f"The newest {rulebook_trial.PAST} approved or live texts, judged by the rules in use and by your edits."
    )
    mark = json.dumps(draft.overlay, sort_keys=True) + str(draft.parent)
    if st.button("Test on history", key="rules_past", icon=":material/history:"):
        bar = st.progress(0.0, "Reading the texts")

        def say(done: int, total: int) -> None:
            bar.progress(done / max(total, 1), f"{done:,} of {total:,} texts judged")

        st.session_state["rules_past_found"] = mark, rulebook_trial.on_the_past(ctx.db, ctx.actor, say)
        bar.empty()
    known, past = st.session_state.get("rules_past_found") or ("", None)
    if past is None or known != mark:
        return
    st.markdown(f"**{plain(past_words(past))}**")
    hits = [*past.blocked, *past.cautioned]
    if hits:
        st.html(past_html(_rows(hits[:SHOWN])))
        if len(hits) > SHOWN:
            st.caption(f"The first {SHOWN} of {len(hits):,}.")


def past_words(past: Past) -> str:
    """What the edits would have done, in one sentence."""
    if not past.looked:
        return "No text is approved, live, picked or exported yet, so there is no history to test on."
    instead = "" if past.of == "approved or live" else " None is approved or live yet, so these were looked at instead."
    freed = f", and gone easier on {len(past.freed):,}" if past.freed else ""
    return (
        f"Would have blocked {len(past.blocked):,} of the last {past.looked:,} {past.of} texts, "
        f"cautioned {len(past.cautioned):,}{freed}.{instead}"
    )


def _rows(changes: list[Change]) -> list[tuple[str, str, str]]:
    return [
        (
            marked(c.text, c.findings),
            ", ".join(dict.fromkeys(f.rule_id for f in c.findings)),
            "blocked" if any(f.severity == "block" for f in c.findings) else "cautioned",
        )
        for c in changes
    ]


def _publish(ctx: Context, draft: Draft, failed: int) -> None:
    st.header("Publish", anchor=False)
    st.caption(
        "Drafts, scores and checks of this workspace use the new version from the next one on. Approved and live texts "
        "are checked again at once, and those that your edits object to go back to review."
    )
    st.text_input("Why the rules change", key="rules_reason", max_chars=rulebook_publish.LONGEST_REASON,
                  placeholder="Kept with the version, for whoever asks later")  # fmt: skip
    with st.container(horizontal=True):
        st.button("Publish", key="rules_publish", icon=":material/publish:", type="primary", on_click=_do_publish,
                  args=(ctx,), disabled=draft.moved or failed > 0)  # fmt: skip
        with st.popover("Throw my edits away", icon=":material/delete:"):
            st.markdown("They cannot be brought back.")
            st.button("Throw them away", key="rules_discard", on_click=_discard, args=(ctx,))
    if failed:
        st.caption(f"{failed} {'rule does' if failed == 1 else 'rules do'} not pass the tests above.")


def published_words(done: Published) -> str:
    """What came of putting rules in use."""
    what = f"Version {done.version} is in use." if done.version else "The shipped rules are in use."
    if done.later:
        return f"{what} Many texts are approved or live: the worker checks them now; see Versions."
    if not done.checked:
        return f"{what} No text is approved or live, so there was nothing to check again."
    return f"{what} Checked {done.checked:,} approved and live texts again: {len(done.reopened):,} went back to review."


def _do_publish(ctx: Context) -> None:
    try:
        done = rulebook_publish.publish(ctx.db, ctx.actor, st.session_state.get("rules_reason") or "")
    except TROUBLE as error:
        st.session_state["rules_trouble"], st.session_state["rules_said"] = str(error), ""
        return
    st.session_state["rules_said"] = published_words(done)
    st.session_state["rules_view"] = "versions"


def _take_over(ctx: Context) -> None:
    _try(lambda: rulebook_draft.take_over(ctx.db, ctx.actor), "Your edits now begin from the version in use.")


def _discard(ctx: Context) -> None:
    _try(lambda: rulebook_draft.discard(ctx.db, ctx.actor), "Your edits are gone; the rules in use are unchanged.")


def _step(ctx: Context, rule_id: str) -> None:
    _try(lambda: rulebook_draft.undo_edit(ctx.db, ctx.actor, rule_id), f"Your edit of {rule_id} is undone.")


def _edit(rule_id: str) -> None:
    st.session_state["rules_editing"], st.session_state["rules_view"] = rule_id, "rules"
    st.session_state["rules_said"] = ""


def _try(what: Callable[[], None], said: str) -> None:
    try:
        what()
    except TROUBLE as error:
        st.session_state["rules_trouble"] = str(error)
        return
    st.session_state["rules_said"] = said
