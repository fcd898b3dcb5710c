"""The Review desk: the queue that brings one text after another, the list to browse, and how good reviewing is.

The queue is a fragment, so a key press redraws the card and nothing else. Leaves out the card, the form, the list and
the figures (review_card.py, review_form.py, review_browse.py, review_figures.py).
"""

import streamlit as st

from app.components.context import Context, context
from app.components.plain import plain
from app.desks.review_browse import browse
from app.desks.review_card import ad_around, brief_side, nearest, text_card
from app.desks.review_figures import figures
from app.desks.review_form import TROUBLE, form, last_word, trouble
from app.services.briefs import get_brief
from app.services.people import may
from app.services.review_card import around
from app.services.review_looks import next_text, waiting
from app.services.rulebook import rules_of
from app.services.sessions import SignedOut


def page() -> None:
    """Draws the desk. Trouble is one sentence, and what was typed stays."""
    st.title("Review")
    st.caption("Decide text by text whether it may run. Every verdict is kept; the newest one counts.")
    try:
        _desk(context())
    except TROUBLE as error:
        st.error(plain(str(error)))


def _desk(ctx: Context) -> None:
    if not waiting(ctx.db, ctx.actor):
        st.info(
            "Nothing to review yet. Draft an ad or bring your own lines on the Draft desk: every text "
            "shown there is stored and waits here for a verdict.",
            icon=":material/inbox:",
        )
        return
    views = ["Queue"] if may(ctx.actor, "review.judge") else []
    views += ["Browse"]
    views += ["Quality"] if may(ctx.actor, "analytics.read") or may(ctx.actor, "review.adjudicate") else []
    view = st.segmented_control(
        "View",
        views,
        default=views[0],
        required=True,
        key="review_view",
        on_change=_leave,
        label_visibility="collapsed",
    )
    if view == "Queue":
        _queue()
    elif view == "Quality":
        figures(ctx)
    else:
        browse(ctx)


def _leave() -> None:
    for name in ("review_open", "review_said", "review_settled"):
        st.session_state[name] = None


@st.fragment
def _queue() -> None:
    try:
        _card(context())
    except SignedOut:
        st.rerun()  # the whole page: main.py shows the way in
    except TROUBLE as error:
        st.error(plain(str(error)))


def _card(ctx: Context) -> None:
    last_word(ctx)
    look = next_text(ctx.db, ctx.actor)
    if look is None:
        trouble()
        st.success("No text is waiting for your look. New texts come up here; Browse shows what was judged.")
        return
    brief = get_brief(ctx.db, ctx.actor, look.text.brief_id).brief
    beside = around(ctx.db, ctx.actor, look.text.id, look.blind)
    rules = rules_of(ctx.db, ctx.actor)
    main, side = st.columns([3, 2], gap="large")
    with main:
        st.header("Text to judge", anchor=False)
        text_card(look.text, brief, beside, rules)
        form(rules, look.text, brief, look, beside)
        st.caption("Keys: 1 to 5 give a verdict, N skips, U takes the last one back. A text is yours for 30 minutes.")
    with side:
        brief_side(brief)
        if not look.blind:
            nearest(beside.nearest)
        ad_around(beside, look.text.placement)
