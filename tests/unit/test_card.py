"""What a card says of countries without rules of their own, and of where its rates come from."""

import re
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from app.components.card import card_html, compliance_words
from app.components.countries import COUNTRIES
from app.desks import draft_brief
from relate_engine.rewards.rules import COUNTRY_PACKS, uncovered
from tests.unit.studio import WARN, card


def test_a_card_names_the_countries_whose_law_no_rule_holds() -> None:
    rest = "not checked: image, landing page, trademarks and the law of"
    assert compliance_words(card("Racks"), "google_rsa", ("us", "au")) == (
        f"no issue found by 120 rules for Google responsive search ad, US; {rest} Australia"
    )
    assert compliance_words(card("Racks"), "google_rsa", ("au", "nz")) == (
        f"no issue found by 120 rules for Google responsive search ad; {rest} Australia, New Zealand"
    )
    words = compliance_words(card("Racks", findings=(WARN,)), "google_rsa", ("de", "ca"))
    assert words == (f"caution: 1 of 120 rules for Google responsive search ad, DE objects; {rest} Canada")
    assert "the law of" not in compliance_words(card("Racks"), "google_rsa", ("us", "uk", "eu", "fr"))


def test_every_country_of_the_form_is_covered_or_named_as_not() -> None:
    known = {"us": "United States", "uk": "United Kingdom", "eu": "European Union", "cn": "China"}
    assert set(known) == set(COUNTRY_PACKS) and all(name in draft_brief.COUNTRIES_HELP for name in known.values())
    assert uncovered(list(COUNTRIES)) == ["ca", "au", "nz", "ch", "no", "in", "sg", "za"]


def _summary(countries: tuple[str, ...]) -> None:
    """The summary of a brief, alone on a page."""
    from types import SimpleNamespace
    from typing import Any, cast

    from app.desks.draft_brief import brief_summary
    from app.services.people import Actor
    from tests.unit.studio import brief

    stored = SimpleNamespace(brief=brief(countries=countries), archived=False)
    brief_summary(cast(Any, SimpleNamespace(actor=Actor(1, "advertiser", 1))), cast(Any, stored))


@pytest.mark.parametrize(("countries", "said"), [(("us", "au", "br"), "Australia, BR"), (("us", "de"), "")])
def test_the_summary_of_a_brief_says_where_no_rule_of_law_runs(countries: tuple[str, ...], said: str) -> None:
    at = AppTest.from_function(_summary, args=(countries,), default_timeout=60).run()
    assert not at.exception
    captions = [c.value.replace("\\", "").replace("&#58;", ":") for c in at.caption]
    told = [c for c in captions if "No rule holds the law of" in c]
    sentence = f"No rule holds the law of {said}: only the general rules and the platform's run there."
    assert told == ([sentence] if said else [])


def test_rates_of_one_source_share_a_badge_and_others_have_one_each() -> None:
    def badges(html: str) -> list[tuple[str, str]]:
        return re.findall(r'rl-source">(\w+)</span> <b>(\w+)</b>', html)

    plain = card("Two Kayaks, One Locked Rack")
    assert badges(card_html(plain)) == [("prior", "CTR")] and card_html(plain).count("rl-source") == 1
    taught = replace(plain, ctr=replace(plain.ctr, source="imported"))
    assert badges(card_html(taught)) == [("imported", "CTR"), ("prior", "CVR"), ("prior", "CTCVR")]
