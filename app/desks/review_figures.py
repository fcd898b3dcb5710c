"""The Quality view of the Review desk: what the blind stream says about rules and reviewers, and what needs a word.

Figures come from app/services/review_quality.py; too few verdicts are said to be too few. Tables are downloadable.
"""

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from app.components.charts import csv_of
from app.components.context import Context, context
from app.components.plain import plain
from app.desks.review_card import OUTCOMES, verdict_words
from app.desks.review_form import PRESSED
from app.services import blocking, teaching
from app.services import review_quality as q
from app.services.people import may
from app.services.reviewing import Outcome, undo
from relate_engine.policy.weights import WeightsError

SETTLE: tuple[tuple[Outcome, str], ...] = (
    ("compliant", "Compliant"), ("violation", "Violation"), ("needs_proof", "Needs proof"),
)  # fmt: skip


def figures(ctx: Context) -> None:
    """Everything, the work to do first."""
    if message := st.session_state.pop("review_quality_trouble", ""):
        st.error(plain(message), icon=":material/error:")
    if may(ctx.actor, "review.adjudicate"):
        _disputes(ctx)
    if may(ctx.actor, "analytics.read"):
        found = q.quality(ctx.db, ctx.actor)
        _rules(ctx, found)
        _agreement(found)
        _reviewers(found)
        _calls(found)
    _lapsed(ctx)
    if may(ctx.actor, "review.adjudicate"):
        _gold(ctx)


def share_words(share: q.Share, what: str) -> str:
    """A share with its interval, or how many are missing."""
    if share.rate is None:
        return f"Not enough blind verdicts yet on {what} ({share.total} of {q.ENOUGH})."
    return f"{share.rate:.0%} ({share.hits} of {share.total} {what}; 95% interval {share.low:.0%} to {share.high:.0%})"


def _rules(ctx: Context, found: q.Quality) -> None:
    st.markdown("## Rules and classifier, against blind verdicts")
    st.markdown(f"**Precision:** {share_words(found.precision, 'flagged texts')}")
    st.markdown(f"**Missed:** {share_words(found.missed, 'clear texts')}")
    if found.recall:
        rate, low, high = found.recall
        st.markdown(
            f"**Recall:** {rate:.0%} (from {low:.0%} to {high:.0%}), by how many scorecards are flagged and clear."
        )
    else:
        st.markdown("**Recall:** not known before both shares above are, and somebody found a violation.")
    st.caption(
        f"From {found.blind:,} verdicts given without suggestions. Precision: flagged texts that people call "
        "violations; "
        "missed: clear texts that they do."
    )
    _blocking(blocking.rights(ctx.db, ctx.actor))
    _taught(ctx)


def _blocking(rights: Sequence[blocking.Right]) -> None:
    """What the classifier blocks in this workspace now, and what it only cautions about."""
    st.markdown("### What the classifier may block")
    now = [right.category for right in rights if right.blocks]
    if now:
        st.markdown(
            f"**It blocks now:** {plain(blocking.in_words(now))}. Drafts leave such texts out, new scorecards say "
            "blocked, and a text that was scored before is not exported unless a person has judged it."
        )
    else:
        st.markdown(
            f"**It blocks nothing now, it only cautions.** It blocks in a category after {blocking.NEEDED} blind "
            f"verdicts there, when its precision is at least {blocking.PRECISION:.0%} with 95% confidence."
        )
    for right in rights:
        st.markdown(f"{':material/check:' if right.blocks else ':material/block:'} It {plain(right.why)}.")


def _taught(ctx: Context) -> None:
    """What reviewers' calls have done to the classifier in this workspace."""
    st.markdown("### What reviewers have taught the classifier")
    calls = teaching.calls_of(ctx.db, ctx.actor)
    if not calls:
        st.markdown(
            f"**Nothing yet.** It learns with every {teaching.STEP} answers about a category: a finding of it that was "
            "accepted or dismissed, or a blind verdict on a text that it flagged."
        )
        return
    classifier = None
    try:
        with st.spinner("Asking the classifier…"):
            classifier = ctx.room.rewards().classifier
    except WeightsError as error:
        st.warning(f"By how much cannot be told: {plain(str(error))}", icon=":material/warning:")
    for each in teaching.taught(calls, classifier):
        st.markdown(f"{plain(teaching.in_words(each))}.")
    st.caption(
        "From the newest answer about each text. New scorecards are judged so; scorecards made before are out of date. "
        "A text like those that were judged is moved further. Where it flags nothing any more, nobody is asked."
    )


def _agreement(found: q.Quality) -> None:
    st.markdown("## Agreement between reviewers")
    now = found.agreement
    if now.texts < q.ENOUGH:
        st.markdown(f"Not enough texts with two blind verdicts yet ({now.texts} of {q.ENOUGH}).")
    elif now.alpha is None:
        st.markdown(f"On {now.texts:,} texts everybody said the same, so agreement beyond chance cannot be told.")
    else:
        two = f" Cohen's kappa of the two is {now.kappa:.2f}." if now.kappa is not None else ""
        st.markdown(
            f"Krippendorff's alpha is **{now.alpha:.2f}** on {now.texts:,} texts (1 is perfect, 0 is chance; from 0.8 "
            f"on verdicts are reliable).{two}"
        )


def _reviewers(found: q.Quality) -> None:
    st.markdown(f"## Reviewers, last {q.DAYS} days")
    if not found.reviewers:
        st.caption("Nobody gave a verdict yet.")
        return
    rows = [
        {
            "Reviewer": r.name, "Verdicts": r.verdicts,
            "Median seconds": round(r.seconds, 1) if r.seconds is not None else None,
            "Right on gold texts": f"{r.gold.hits} of {r.gold.total}" if r.gold.total else "none seen",
            "95% interval": f"{r.gold.low:.0%} to {r.gold.high:.0%}" if r.gold.total else "",
        }
        for r in found.reviewers
    ]  # fmt: skip
    _table(rows, "reviewers")


def _calls(found: q.Quality) -> None:
    st.markdown("## Suggested findings, by rule")
    if not found.calls:
        st.caption("No finding was accepted or dismissed yet.")
        return
    st.caption("A dismissal counts against the rule; one that was taken back does not.")
    rows = [{"Rule": rule, "Accepted": accepted, "Dismissed": dismissed} for rule, accepted, dismissed in found.calls]
    _table(rows, "findings")


def _table(rows: Sequence[Mapping[str, object]], name: str) -> None:
    table = pd.DataFrame(rows)
    st.dataframe(table, hide_index=True)
    st.download_button("Download as CSV", csv_of(table), f"{name}.csv", "text/csv", key=f"review_csv_{name}")


def _lapsed(ctx: Context) -> None:
    rows = q.lapsed(ctx.db, ctx.actor)
    if not rows:
        return
    st.markdown("## Allowed until a day that has passed")
    st.caption(
        "These have no verdict now: look at the proof again on Browse. What was approved or live goes back to review "
        "by itself, within a minute of the end of its day while the worker runs, else when a reviewer next asks for "
        "work."
    )
    for text, verdict in rows:
        st.markdown(f"“{plain(text)}”  \n{verdict_words(verdict, text)}")


def _disputes(ctx: Context) -> None:
    st.markdown("## To settle")
    _settled()
    found = q.disputes(ctx.db, ctx.actor)
    if not found:
        st.caption("No reviewers disagree, and nothing is escalated.")
    for dispute in found[:10]:
        text = dispute.text
        with st.container(border=True):
            st.markdown(f"“{plain(text.text)}”")
            for who, verdict in dispute.verdicts:
                st.markdown(f"- {plain(who)}: {verdict_words(verdict, text.text)}")
            st.text_input("Why (a violation needs it)", key=f"settle_why_{text.id}", max_chars=500)
            with st.container(horizontal=True):
                for outcome, label in SETTLE:
                    st.button(
                        label, key=f"settle_{outcome}_{text.id}", on_click=_settle, args=(text.id, outcome, text.text),
                        icon=OUTCOMES[outcome][1],
                    )  # fmt: skip
                st.checkbox("Make it a gold text", key=f"settle_gold_{text.id}")
    if len(found) > 10:
        st.caption(f"{len(found) - 10} more follow when these are settled.")


def _settle(text_id: int, outcome: Outcome, text: str) -> None:
    state = st.session_state
    why = (state.get(f"settle_why_{text_id}") or "").strip()
    if outcome == "violation" and not why:
        state["review_quality_trouble"] = (
            "Say why it is a violation, so that its author can mend it; nothing was stored for this text."
        )
        return
    try:
        ctx = context()
        given = q.adjudicate(ctx.db, ctx.actor, text_id, outcome, why)
        gold = bool(state.get(f"settle_gold_{text_id}")) and outcome != "needs_proof"
        state["review_settled"] = given.id, text_id, outcome, text, gold
        if gold:
            q.set_gold(ctx.db, ctx.actor, text_id)
    except PRESSED as error:
        state["review_quality_trouble"] = str(error)


def _settled() -> None:
    """What was settled just now, with the way back."""
    if not (said := st.session_state.get("review_settled")):
        return
    verdict_id, text_id, outcome, text, gold = said
    with st.container(horizontal=True, vertical_alignment="center"):
        more = " · now a gold text" if gold else ""
        words = OUTCOMES[outcome][0].lower()
        st.markdown(f":material/done: Settled: **{words}** · {plain(text)}{more}", width="content")
        st.button(
            "Undo", key="settle_undo", on_click=_unsettle, args=(verdict_id, text_id, gold), type="tertiary",
            icon=":material/undo:",
        )  # fmt: skip


def _unsettle(verdict_id: int, text_id: int, gold: bool) -> None:
    """Takes back what was settled, and the gold text that was made of it."""
    try:
        ctx = context()
        undo(ctx.db, ctx.actor, verdict_id)
        if gold:
            q.retire_gold(ctx.db, ctx.actor, text_id)
    except PRESSED as error:
        st.session_state["review_quality_trouble"] = str(error)
        return
    st.session_state["review_settled"] = None


def _gold(ctx: Context) -> None:
    st.markdown("## Gold texts")
    rows = q.gold_texts(ctx.db, ctx.actor)
    st.caption(
        "About one look in twenty is at one of these; they measure how often each reviewer is right. "
        "Make one by settling a text above."
        if rows
        else "None yet: settle a text above and tick “Make it a gold text”."
    )
    for text_id, text, outcome in rows:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"{OUTCOMES[outcome][1]} **{OUTCOMES[outcome][0]}** · {plain(text)}", width="content")
            st.button("Retire", key=f"gold_{text_id}", on_click=_retire, args=(text_id,), type="tertiary")


def _retire(text_id: int) -> None:
    try:
        ctx = context()
        q.retire_gold(ctx.db, ctx.actor, text_id)
    except PRESSED as error:
        st.session_state["review_quality_trouble"] = str(error)
