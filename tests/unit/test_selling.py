"""What a text that leads its ad must do: say what is sold, and not argue from small print."""

import pytest

from relate_engine.brief import Brief
from relate_engine.policy.prompt import TEMPLATES
from relate_engine.policy.selling import kind_word, leads, says_what, small_print

BRIEF = Brief(product="Kestrel Induction Hob", description="A single-plate cooker for small kitchens. Wipes clean.")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Kestrel Induction Hob wipes clean.", True),
        ("This hob has nine power levels.", True),  # the last word of the name is its kind
        ("A cooker with one plate, and no flame.", True),  # two words of the description's first sentence
        ("Wipes clean. Nine power levels.", False),
        ("Rated 4.7 by 1,340 buyers.", False),
    ],
)
def test_a_text_says_what_is_sold_by_name_by_kind_or_as_the_description_begins(text: str, says: bool) -> None:
    assert says_what(BRIEF, text) is says


def test_the_kind_is_the_last_word_of_a_name_that_is_no_number() -> None:
    assert [kind_word(n) for n in ("Pronghorn Cooler 40", "Nightlog", "90", "")] == ["Cooler", "Nightlog", "", ""]


def test_primary_texts_and_bodies_lead_their_ads() -> None:
    assert {slot for slot, template in TEMPLATES.items() if leads(template.aim)} == {
        ("meta_feed", "primary_text"),
        ("generic", "body"),
    }


@pytest.mark.parametrize(
    "text",
    [
        "Base not included.",
        "Closed Mondays",
        "Return postage £4.50. Kerbside drop only.",
        "$295 establishment fee, shown in the quote",
        "Contains wheat; baked beside nuts and sesame.",
        "Two box minimum",
        "£300 deposit, balance on the day",
        "Results and treatment time vary.",
        "No delivery to Northern Ireland or the Channel Islands.",
        "Mac servers not supported",
        "Can’t promise the judge says yes.",
        "25% deposit; balance on completion",
        "One-year contract",
        "Delivery £7.95",
    ],
)
def test_costs_limits_and_exclusions_are_small_print(text: str) -> None:
    assert small_print(text)


@pytest.mark.parametrize(
    "text",
    [
        "Return postage £4.50. Postal mending for wool jumpers.",  # half of it sells
        "No establishment fee",
        "No delivery fee",
        "No contract, one-month notice",
        "Delivery in two days",
        "$0 early payout fee",
        "Fees from £4,150 a term including lunch",
        "£30 all in, including UK postage",
        "Closed-back clogs for nurses",
        "An extra wide tray",
        "Weddings that pay back lost deposits",
        "Only 16 to a class",
        "Treats that please picky dogs",
        "",
    ],
)
def test_what_speaks_for_the_product_is_not(text: str) -> None:
    assert not small_print(text)
