"""Denials: what a brief says is not so supports nothing, and a text may deny only what its brief denies."""

import pytest

from relate_engine.denial import affirmed, denies_more

FACTS = "A toaster with a window and a slide-out crumb tray.\nwindow to watch the toast\nno plastic inside"


def test_affirmed_blanks_denied_clauses_only() -> None:
    facts = "No filler, waterproof. Doesn’t fade but shrinks. No setup fee. Not only warm"
    plain = affirmed(facts)
    assert len(plain) == len(facts)
    assert [w for w in ("filler", "waterproof", "fade", "shrinks", "fee", "warm") if w in plain] == [
        "waterproof",
        "shrinks",
        "fee",
        "warm",
    ]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("No crumb tray to watch", True),
        ("Never a window", True),
        ("No plastic inside", False),
        ("There isn't any plastic", False),
        ("A window and a tray", False),
        ("Nothing but toast", False),
    ],
)
def test_denying_what_the_brief_affirms(text: str, wrong: bool) -> None:
    assert denies_more(text, FACTS) is wrong
