"""The card of one text to judge: the words with their marks, the ad around it, the brief, and past decisions.

A blind text comes without scorecard, earlier verdicts, past decisions, its writer and why it is in review, so nothing
here can suggest one. Leaves out the form (review_form.py).
"""

import re
from collections.abc import Sequence

import streamlit as st

from app.components.card import compliance_words, level_words, width_words
from app.components.context import Context
from app.components.countries import country
from app.components.marks import SEVERITIES, marked, source_words, worst_first
from app.components.plain import plain
from app.components.when import when
from app.services.review_card import Around, Decision, Sent
from app.services.reviewing import verdict_history
from app.services.stored import StoredText, StoredVerdict, old_words
from relate_engine.brief import ANGLES, Brief, placement_of
from relate_engine.rewards.rules import Rule, RuleSet
from relate_engine.scorecard import Finding

# outcome: words, icon
OUTCOMES = {
    "compliant": ("Compliant", ":material/check:"),
    "violation": ("Violation", ":material/flag:"),
    "needs_proof": ("Needs proof", ":material/help:"),
    "allowed": ("Allowed with proof", ":material/event:"),
    "escalate": ("Escalated", ":material/priority_high:"),
    "withdrawn": ("Taken back", ":material/undo:"),
}
_LINK = re.compile(r"https?://[^\s<>()\[\]]+")


def findings_of(text: StoredText, today: Sequence[Finding] = ()) -> list[Finding]:
    """What was found in the text, the worst first. `today`: by rules newer than its scorecard, whose word they replace
    about the same words."""
    places = {(f.rule_id, f.start, f.end) for f in today}
    then = [f for f in text.card.findings if (f.rule_id, f.start, f.end) not in places] if text.card else []
    return worst_first([*then, *today])


def finding_words(finding: Finding, text: str) -> str:
    """Severity in word and icon, rule, words and reason."""
    word, icon = SEVERITIES[finding.severity]
    words = f" “{text[finding.start : finding.end]}”" if finding.start is not None else ""
    return f"{icon} **{word.capitalize()}** · {plain(f'{finding.rule_id}{words}: {finding.message}')}"


def finding_more(finding: Finding, rules: RuleSet) -> str:
    """What to do and where the rule comes from."""
    rule = {r.id: r for r in rules.rules}.get(finding.rule_id)
    source = finding.source or (rule.source if rule else "")
    link = f"[the rule's source]({source})" if _LINK.fullmatch(source) else plain(source_words(source))
    read = {"seen": "read at the source", "seen-mirror": "read in a copy", "memory": "from memory, not checked"}
    how = f" ({read[rule.source_status]})" if rule and source else ""
    return " ".join(filter(None, (plain(finding.fix), f"Source: {link}{how}" if source else "")))


def rule_choices(text: StoredText, rules: RuleSet) -> dict[str, Rule]:
    """Rules about a text by id, those of its placement and slot first."""
    about = [rule for rule in rules.rules if "text" in rule.subjects]

    def elsewhere(rule: Rule) -> bool:
        placed = not rule.placements or text.placement in rule.placements
        return not (placed and (not rule.slots or text.slot in rule.slots))

    return {rule.id: rule for rule in sorted(about, key=lambda r: (elsewhere(r), r.id))}


def text_card(text: StoredText, brief: Brief, beside: Around, rules: RuleSet) -> None:
    """The words, where they stand, why they are in review, and what was found."""
    large = "font-size:1.5rem;line-height:1.5;margin:0;overflow-wrap:anywhere"
    st.html(f'<p class="rl-text" style="{large}" dir="auto">{marked(text.text, findings_of(text, beside.today))}</p>')
    placement = placement_of(text.placement)
    told = [placement.label, placement.slot(text.slot).label]
    told += [ANGLES[text.angle]] if text.angle else []
    told += [] if beside.blind else [_writer_words(text, beside.on_trial)]
    told += [f"width {width_words(text.card)}"] if text.card else []
    st.caption(plain(" · ".join(told)))
    if beside.blind:
        st.markdown(":material/visibility_off: Without suggestions: judge the words alone. It measures the rules.")
        return
    if beside.sent:
        _sent(beside.sent)
    if text.card is None:
        st.caption("Not scored yet, so there are no findings but those of the rules.")
        return
    old = old_words(text, {"rules": rules.version})
    words = compliance_words(text.card, text.placement, brief.countries, old)
    _, icon = level_words(text.card.compliance.level, old)
    st.markdown(f"{icon} {plain(words[0].upper() + words[1:])}.")
    if old:
        st.caption(_today_words(len(beside.today)))


def _writer_words(text: StoredText, on_trial: bool) -> str:
    if text.by_person:
        return "written by a person"
    return "one of the two writers on trial" if on_trial else f"writer {text.author.removeprefix('policy:')}"


def _sent(sent: Sent) -> None:
    by = f" · {plain(sent.who)}" if sent.who else ""
    st.markdown(f":material/info: **Why it is in review:** {plain(sent.reason)}  \n:small[{when(sent.at)}{by}]")


def _today_words(found: int) -> str:
    """What asking today's rules about a text with an old scorecard brought."""
    if not found:
        return "Today's rules find nothing more. The classifier was not asked again."
    more = "1 more finding, which is" if found == 1 else f"{found} more findings, which are"
    return f"Today's rules have {more} listed below with the rest. The classifier was not asked again."


def ad_around(around: Around, placement_name: str) -> None:
    """The whole ad, this text in it."""
    placement = placement_of(placement_name)
    st.markdown(f"## The whole ad{f' · {plain(around.ad_name)}' if around.ad_name else ''}")
    last, lines = "", list[str]()
    for slot, text, here in around.ad:
        if slot != last:
            lines.append(f"\n**{plain(placement.slot(slot).plural)}**\n")
            last = slot
        lines.append(f"- {plain(text)}{'  ← **this text**' if here else ''}")
    st.markdown("\n".join(lines))


def brief_side(brief: Brief) -> None:
    """What the brief supports, claims with their evidence first."""
    st.markdown("## What the brief supports")
    if brief.claims:
        claims = (f"- {plain(c.text)}  \n  :small[Evidence: {plain(c.evidence)}]" for c in brief.claims)
        lines = ["**Claims with evidence**", "\n".join(claims)]
    else:
        lines = ["**Claims with evidence:** none"]
    lines += [f"**{plain(brief.product)}**", plain(brief.description)]
    lines += ["\n".join(f"- {plain(benefit)}" for benefit in brief.benefits)] if brief.benefits else []
    kit = brief.brand_kit
    facts = {
        "For": brief.audience, "Vertical": brief.vertical, "Countries": ", ".join(map(country, brief.countries)),
        "Names": ", ".join(kit.names), "Must say": ", ".join(kit.must_say),
        "Never say": ", ".join(kit.never_say),
    }  # fmt: skip
    lines += ["  \n".join(f"**{name}:** {plain(value)}" for name, value in facts.items() if value)]
    lines += [f"**Customer reviews:** {plain(' / '.join(brief.reviews))}"] if brief.reviews else []
    st.markdown("\n\n".join(lines))


def nearest(decisions: tuple[Decision, ...]) -> None:
    """Past decisions on similar words."""
    st.markdown("## Past decisions on similar words")
    if not decisions:
        st.caption("None yet.")
    for decision in decisions:
        alike = "same wording" if decision.alike == 1 else f"{decision.alike:.0%} of words in common"
        st.markdown(f"“{plain(decision.text)}”  \n{verdict_words(decision.verdict, '')} · {alike}")


def verdict_words(verdict: StoredVerdict, text: str) -> str:
    """A verdict in a line: outcome, countries, end, rules, words, comment."""
    words, icon = OUTCOMES[verdict.outcome]
    parts = [", ".join(map(country, verdict.countries)), f"until {verdict.until:%d %b %Y}" if verdict.until else ""]
    parts += [", ".join(verdict.rules), ", ".join(f"“{text[a:b]}”" for a, b in verdict.spans) if text else ""]
    parts += [verdict.comment]
    told = " · ".join(plain(part) for part in parts if part)
    return f"{icon} **{words}**{f' · {told}' if told else ''}"


def history(ctx: Context, text: StoredText) -> None:
    """Every verdict so far."""
    st.markdown("## Verdicts so far")
    verdicts = verdict_history(ctx.db, ctx.actor, text.id)
    if not verdicts:
        st.caption("None yet.")
    for verdict in verdicts:
        who = "you" if verdict.reviewer_id == ctx.actor.user_id else f"reviewer {verdict.reviewer_id}"
        notes = [
            " (superseded)" if verdict.superseded else "",
            " for an identical text" if verdict.settled_by_id else "",
        ]
        st.markdown(f"{verdict_words(verdict, text.text)}{''.join(notes)}  \n{when(verdict.created_at)} · {who}")
