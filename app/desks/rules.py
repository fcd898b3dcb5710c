"""The Rules page: every rule that judges this workspace's texts, with its source, its hits and how often it was wrong.

Everybody may read; who may write rules edits them in a draft of their own, tests it and publishes it. Leaves out the
form (rules_edit.py), the draft with its tests (rules_draft.py) and the versions (rules_versions.py).
"""

import csv
import io
from collections.abc import Iterable
from html import escape

import streamlit as st

from app.components.context import Context, context
from app.components.marks import marked
from app.components.plain import plain
from app.desks import rules_draft, rules_edit, rules_versions
from app.desks.rules_show import (
    HINT,
    ORIGINS,
    READ,
    READ_SHORT,
    scope_words,
    severity_words,
    state_words,
)
from app.services import rulebook, rulebook_draft, rulebook_trial
from app.services.exporting_table import escaped
from app.services.people import Actor, Forbidden, NotFound, may
from app.services.rulebook import Book, Counts, Listed
from app.services.rulebook_draft import Draft
from app.services.rulebook_form import LONGEST_SENTENCE
from db.session import Database, StorageError
from relate_engine.brief import PLACEMENTS, BriefError
from relate_engine.rewards.overlay import OWN
from relate_engine.rewards.rules import RuleError

ON_A_PAGE = 8
TROUBLE = (BriefError, Forbidden, NotFound, RuleError, StorageError)
COLUMNS = (
    "id", "severity", "whose", "holds", "message", "fix", "source", "source read", "texts hit", "accepted", "dismissed",
)  # fmt: skip
SEVERITY = {"block": "Blocks", "warn": "Warns", "note": "Notes"}


def page() -> None:
    """Draws the page. Trouble is one sentence."""
    st.title("Rules")
    try:
        _desk(context())
    except TROUBLE as error:
        st.error(plain(str(error)), icon=":material/error:")


def _desk(ctx: Context) -> None:
    writes = may(ctx.actor, "rule.write")
    draft = rulebook_draft.draft(ctx.db, ctx.actor) if writes else None
    try:
        book = rulebook.book(ctx.db, ctx.actor)
    except BriefError as error:  # the version in use does not load: the way back lies in the versions
        st.error(plain(str(error)), icon=":material/error:")
        rules_versions.versions(ctx, writes)
        return
    st.caption(plain(_summary(book)))
    rules_versions.unchecked(ctx, writes)
    if message := st.session_state.pop("rules_trouble", ""):
        st.error(plain(message), icon=":material/error:")
    if message := st.session_state.get("rules_said", ""):
        st.success(plain(message), icon=":material/check_circle:")
    count = len(draft.edits) if draft else 0
    views = {"rules": "Rules", **({"draft": f"Your edits ({count})"} if writes else {}), "versions": "Versions"}
    view = st.segmented_control(
        "View", list(views), format_func=views.__getitem__, default="rules", required=True, key="rules_view",
        label_visibility="collapsed", on_change=_moved,
    )  # fmt: skip
    if view == "draft" and writes:
        rules_draft.edits(ctx, draft)
    elif view == "versions":
        rules_versions.versions(ctx, writes)
    elif writes and (editing := st.session_state.get("rules_editing")):
        rules_edit.form(ctx, editing, draft.overlay if draft else book.overlay)
    else:
        _rules(ctx, book, draft, writes)


def _moved() -> None:
    st.session_state["rules_said"] = ""


def _summary(book: Book) -> str:
    words = {"added": "of your own", "changed": "changed", "off": "switched off"}
    parts = [f"{len(book.overlay[part]):,} {word}" for part, word in words.items() if book.overlay[part]]
    shipped = f"Version {book.version}: the shipped rules"
    working = sum(listed.origin != "off" for listed in book.rules)
    own = f"{shipped} with {', '.join(parts)}" if parts else f"{shipped}, unchanged"
    return f"{working:,} rules hold in this workspace, for its texts, ads and briefs. {own}."


@st.cache_data(ttl=60, max_entries=50, show_spinner="Counting what the rules found…")
def _counts(_db: Database, _actor: Actor, workspace_id: int, database: str) -> Counts:
    """Kept a minute: it reads some thousand scorecards."""
    return rulebook.counts(_db, _actor)


def _rules(ctx: Context, book: Book, draft: Draft | None, writes: bool) -> None:
    everything = rulebook.listed(draft.overlay) if draft else book.rules
    pending = {edit.rule_id for edit in draft.edits} if draft else set()
    if draft:
        many = "1 unpublished edit" if len(pending) == 1 else f"{len(pending):,} unpublished edits"
        st.caption(f"Shown with your {many}, which judge nothing until you publish them.")
    found = _filtered(everything, writes)
    if not found:
        st.info("No rule matches; clear the search or the filter.", icon=":material/search_off:")
        return
    pages = -(-len(found) // ON_A_PAGE)
    at = min(st.session_state.get("rules_at", 1), pages)
    here = {listed.rule.id: listed for listed in found[(at - 1) * ON_A_PAGE : at * ON_A_PAGE]}
    if st.session_state.get("rules_open") not in here:
        st.session_state["rules_open"] = next(iter(here))
    left, right = st.columns([2, 3], gap="large")
    with left:
        if pages > 1:  # above the list, which comes late and would push it down
            key = f"rules_page_{at}_{pages}"
            st.pagination(pages, default=at, key=key, on_change=_turn, args=(key,))
        # its spinner stands where the list comes, and below it there is nothing yet that could jump
        counts = _counts(ctx.db, ctx.actor, ctx.actor.workspace_id, ctx.settings.database)
        # a browser fetches a list's own script late; studio.css keeps a full list's room, with the rule below it
        with st.container(key="rules_list_full" if len(here) == ON_A_PAGE else "rules_list"):
            st.radio(
                f"{len(found):,} rules", list(here), key="rules_open",
                format_func=lambda i: plain(f"{i} · {here[i].rule.message}"),
                captions=[plain(_line(listed, counts, listed.rule.id in pending)) for listed in here.values()],
            )  # fmt: skip
    with right:
        chosen = here[st.session_state["rules_open"]]
        _detail(ctx, chosen, counts, chosen.rule.id in pending, writes)
    st.download_button(
        "All rules as a table (CSV)", _csv(everything, counts), "rules.csv", "text/csv", icon=":material/download:",
        on_click="ignore", key="rules_csv",
    )  # fmt: skip


def _filtered(everything: tuple[Listed, ...], writes: bool) -> list[Listed]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = st.text_input(
            "Search", key="rules_search", placeholder="id, words of the message, source or examples", max_chars=200,
            on_change=_restart,
        )  # fmt: skip
        used = sum(bool(st.session_state.get(f"rules_f_{n}")) for n in ("severity", "placement", "source", "origin"))
        with st.popover(f"Filter ({used})" if used else "Filter", icon=":material/filter_list:"):
            severity = st.selectbox("Severity", [None, *SEVERITY], key="rules_f_severity", on_change=_restart,
                                    format_func=lambda s: SEVERITY[s] if s else "Any severity")  # fmt: skip
            placement = st.selectbox("Holds in", [None, *PLACEMENTS], key="rules_f_placement", on_change=_restart,
                                     format_func=lambda p: PLACEMENTS[p].label if p else "Any placement")  # fmt: skip
            source = st.selectbox("Source", [None, *READ_SHORT], key="rules_f_source", on_change=_restart,
                                  format_func=lambda s: READ_SHORT[s].capitalize() if s else "Any source")  # fmt: skip
            origin = st.selectbox("Whose", [None, *ORIGINS], key="rules_f_origin", on_change=_restart,
                                  format_func=lambda o: ORIGINS[o].capitalize() if o else "All rules")  # fmt: skip
        if writes:
            st.button("New rule", key="rules_new", icon=":material/add:", type="primary", on_click=_edit,
                      args=(rules_edit.NEW,))  # fmt: skip
    words = (search or "").casefold().split()

    def fits(listed: Listed) -> bool:
        rule = listed.rule
        told = " ".join((rule.id, rule.message, rule.fix, rule.source, *rule.violating)).casefold()
        return (
            all(word in told for word in words)
            and severity in (None, rule.severity)
            and (placement is None or not rule.placements or placement in rule.placements)
            and source in (None, rule.source_status)
            and origin in (None, listed.origin)
        )

    return [listed for listed in everything if fits(listed)]


def _restart() -> None:
    st.session_state["rules_at"] = 1


def _turn(key: str) -> None:
    st.session_state["rules_at"] = st.session_state[key]


def _line(listed: Listed, counts: Counts, pending: bool) -> str:
    """A rule in one line of the list."""
    rule = listed.rule
    told = [severity_words(rule.severity), scope_words(rule), READ_SHORT[rule.source_status]]
    told += [state_words(listed, pending)] if listed.origin != "shipped" or pending else []
    hits, _, dismissed = counts.of(rule.id)
    told += [f"{hits:,} hits"] if hits else []
    told += [f"{dismissed:,} dismissed"] if dismissed else []
    return " · ".join(told)


def _detail(ctx: Context, listed: Listed, counts: Counts, pending: bool, writes: bool) -> None:
    rule = listed.rule
    with st.container(border=True, key="rules_detail"):
        st.header(rule.id, anchor=False)
        st.markdown(f"**{plain(rule.message)}**  \n{plain(rule.fix)}")
        if listed.origin == "off":
            st.warning(plain(f"Switched off in this workspace. {listed.why_off}"), icon=":material/toggle_off:")
        hits, accepted, dismissed = counts.of(rule.id)
        facts = {
            "What it does": severity_words(rule.severity) + (HINT if rule.hint and rule.severity == "warn" else ""),
            "Holds": scope_words(rule),
            "Source": f"{rule.source} ({READ[rule.source_status]})",
            "Whose": state_words(listed, pending),
            f"Hits in {rulebook.DAYS} days": f"{hits:,} texts"
            + ("" if counts.all_cards else " among the newest flagged scores"),
            "Reviewers": f"{dismissed:,} of {accepted + dismissed:,} findings dismissed as false alarms"
            if accepted + dismissed else "nobody has accepted or dismissed one yet",
        }  # fmt: skip
        st.markdown("  \n".join(f"**{name}:** {plain(value)}" for name, value in facts.items()))
        if writes:
            _buttons(ctx, listed, pending)
        elif listed.editable:
            st.caption(f"Your role, {ctx.actor.role}, may read the rules; reviewers and admins change them.")
        _examples(listed)


def _buttons(ctx: Context, listed: Listed, pending: bool) -> None:
    rule = listed.rule
    if not listed.editable:
        st.caption("A limit or safeguard of the studio itself: it cannot be changed here.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if listed.origin != "off":
            st.button("Edit", key="rules_edit", icon=":material/edit:", on_click=_edit, args=(rule.id,))
        if listed.origin in ("changed", "own", "off"):
            word = "Remove" if listed.origin == "own" else "Back to shipped"
            st.button(word, key="rules_restore", icon=":material/restart_alt:", on_click=_do,
                      args=(ctx, rulebook_draft.restore, rule.id))  # fmt: skip
        if listed.origin in ("shipped", "changed"):
            with st.popover("Switch off", icon=":material/toggle_off:"):
                st.text_input("Why it does not hold here", key="rules_why_off", max_chars=LONGEST_SENTENCE)
                st.button("Switch it off", key="rules_off", on_click=_off, args=(ctx, rule.id))
        if pending:
            st.button("Undo my edit", key="rules_undo", icon=":material/undo:", on_click=_do,
                      args=(ctx, rulebook_draft.undo_edit, rule.id))  # fmt: skip


def _examples(listed: Listed) -> None:
    rule = listed.rule
    if rule.pattern is None:
        st.caption("This is a check of the program, not a pattern.")
        return
    hits = (
        {row.text: row for row in rulebook_trial.examples_of(rule) if row.kind == "violating"}
        if listed.editable
        else {}
    )
    if rule.violating:
        st.markdown("**Texts it must hit**")
        _texts(marked(t, hits[t].findings if t in hits else ()) for t in rule.violating)
    if rule.clean:
        st.markdown("**Texts it must leave alone**")
        _texts(map(escape, rule.clean))
    with st.expander("The pattern it looks for"):
        st.code(rule.pattern.pattern, language=None, wrap_lines=True)
        if rule.unless is not None:
            st.markdown("**Lowered to “needs proof” where the text holds**")
            st.code(rule.unless.pattern, language=None, wrap_lines=True)


def _texts(items: Iterable[str]) -> None:
    """A list of texts as safe HTML."""
    st.html('<ul class="rl-list">' + "".join(f'<li dir="auto">{item}</li>' for item in items) + "</ul>")


def _csv(everything: tuple[Listed, ...], counts: Counts) -> bytes:
    out = io.StringIO(newline="")
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(COLUMNS)
    for listed in everything:
        r = listed.rule
        told = (r.id, r.severity, ORIGINS[listed.origin], scope_words(r), r.message, r.fix, r.source)
        table.writerow([escaped(cell) for cell in (*told, READ_SHORT[r.source_status], *counts.of(r.id))])
    return out.getvalue().encode("utf-8-sig")


def _edit(rule_id: str) -> None:
    st.session_state["rules_editing"], st.session_state["rules_said"] = rule_id, ""


def _off(ctx: Context, rule_id: str) -> None:
    _do(
        ctx,
        lambda db, who, i: rulebook_draft.switch_off(db, who, i, st.session_state.get("rules_why_off") or ""),
        rule_id,
    )


def _do(ctx: Context, what: rules_draft.Step, rule_id: str) -> None:
    """One step on the draft; trouble is said at the top of the page."""
    try:
        what(ctx.db, ctx.actor, rule_id)
    except TROUBLE as error:
        st.session_state["rules_trouble"] = str(error)
        return
    if what is rulebook_draft.undo_edit:
        st.session_state["rules_said"] = f"Your edit of {rule_id} is undone."
        return
    did = "is removed" if rule_id.startswith(OWN) and what is rulebook_draft.restore else "is changed"
    st.session_state["rules_said"] = f"{rule_id} {did} in your edits; publish them to put that in use."
