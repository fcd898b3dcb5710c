"""What shows somebody's words on pages (marks, cards, previews of ads): they stay words, never tags or links.

What a rule or a score says of them is told in words, too.
"""

from app.components.card import card_html, compliance_words, percent
from app.components.marks import marked
from app.components.plain import plain
from app.components.preview import domain_of, google_html, meta_html
from relate_engine.brief import placement_of
from relate_engine.scorecard import finding
from tests.unit.studio import card


def test_marks_escape_everything_and_tell_severity_in_words() -> None:
    found = [
        finding("A-1", "compliance", "block", '"><script>', start=0, end=8),
        finding("A-2", "correctness", "note", "near", start=4, end=12),
    ]
    html = marked("<script>alert(1)</script>", found)
    assert "<script" not in html and "</script" not in html
    assert html.count("blocked") == 1 and html.count("note</span>") == 1
    assert "rl-mark rl-block" in html


def test_touching_marks_of_one_severity_share_a_tag() -> None:
    found = [finding("A", "compliance", "warn", "again", start=i, end=i + 1) for i in (3, 4, 5)]
    assert marked("Hey!!!", found).count("caution") == 1
    assert marked("Hey", [finding("A", "compliance", "warn", "too far", start=2, end=9)]) == "Hey"


def test_a_card_leads_with_what_is_known_and_never_drops_the_interval() -> None:
    html = card_html(card("Lock <b>Both</b> Kayaks"), ["edited"])
    assert "<b>Both" not in html
    assert "likely beats a typical text for this brief 58 times in 100" in html
    assert "interval" in html and ">prior<" in html and "23 of 30" in html
    words = compliance_words(card("Lock Both Kayaks"), "google_rsa", ("us", "uk"))
    assert words == (
        "no issue found by 120 rules for Google responsive search ad, US, UK; "
        "not checked: image, landing page, trademarks"
    )
    old = "scored before the rules changed"
    html = card_html(card("Lock Both Kayaks"), old=old)
    assert old in html and "no issue" not in html and "✓" not in html and "rl-clear" not in html
    blocked = card_html(card("Kayaks", findings=(finding("A", "compliance", "block", "no"),)), old=old)
    assert "✖</span> blocked" in blocked and f'<span class="rl-chip">{old}</span>' in blocked
    words = compliance_words(card("Lock Both Kayaks"), "google_rsa", ("us",), old)
    assert words.startswith(f"{old}; then: no issue found by 120 rules")
    assert percent(0.0021).startswith("0.21") and percent(0.05).startswith("5.0")


def test_plain_leaves_nothing_for_markdown_to_do() -> None:
    escaped = plain("**b** <i> :red[x] $y$ [l](javascript:z) :smile:")
    for active in ("*", "<", "[", "$", "("):
        assert escaped.count(active) == escaped.count(f"\\{active}")
    assert ":" not in escaped  # directives, icons and schemes


def test_addresses_in_somebodys_words_are_no_links() -> None:
    shown = plain("see https://evil.example or www.evil.example, ask x@evil.example: now").replace("\\", "")
    assert "://" not in shown and "www." not in shown and "@e" not in shown
    assert shown.replace("\u2060", "").replace("&#58;", ":") == (
        "see https://evil.example or www.evil.example, ask x@evil.example: now"
    )


def test_previews_hold_text_and_never_tags() -> None:
    evil = '<img src=x onerror="alert(1)">'
    for dark in (True, False):
        google = google_html([evil, "مرحبا بكم"], [evil], ["<b>"], "example.com", dark)
        meta = meta_html(evil, evil * 9, evil, evil, "example.com", placement_of("meta_feed").slots, False, dark)
        for html in (google, meta):
            assert "<img" not in html and "<b>alert" not in html and "&lt;img" in html
    assert "See more" in meta_html("P", "word " * 40, "H", "", "d", placement_of("meta_feed").slots, False, False)
    assert "See more" not in meta_html("P", "word " * 40, "H", "", "d", placement_of("meta_feed").slots, True, False)
    assert domain_of("https://www.tidelock.example/racks?a=1") == "tidelock.example"
    assert domain_of("") == domain_of("https://[x") == "your landing page"
