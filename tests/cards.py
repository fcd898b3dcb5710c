"""Scorecards made in code, for tests of training: what a text is worth is given, not judged."""

from collections.abc import Sequence

from relate_engine.scorecard import Compliance, Estimate, Finding, Scorecard, level_of

RATE = Estimate(0.03, 0.02, 0.04, 0.8, "prior")


def card(text: str, ctcvr: float = 0.5, findings: Sequence[Finding] = (), visible: int = 30) -> Scorecard:
    """A Scorecard of a headline with this value and these findings."""
    return Scorecard(
        text=text, slot="headline", angle="benefit", author="policy:test", width=len(text), limit=visible,
        visible=visible, rewards={"ctcvr": ctcvr}, findings=tuple(findings),
        compliance=Compliance(100.0, level_of(findings), (), 0), ctr=RATE, cvr=RATE, ctcvr=RATE, ctr_effect=0.0,
        beats_typical=ctcvr, beats_words="",
    )  # fmt: skip
