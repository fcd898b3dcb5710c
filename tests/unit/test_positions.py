"""The order in which a draft is shown: mostly best first, a few positions by chance, and what those teach."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from app.services import briefs, drafting, feedback
from app.services.people import Forbidden
from app.services.positions import arrange, position_bias
from tests.unit.studio import Draft, brief, card, fresh, person


def headlines(count: int) -> list[Any]:
    return [card(f"text {i}") for i in range(count)]


@pytest.mark.parametrize(("count", "expected"), [(3, 0), (4, 1), (8, 2), (15, 3), (16, 4)])
def test_two_of_every_eight_are_shuffled_and_the_others_keep_their_order(count: int, expected: int) -> None:
    cards = headlines(count)
    order, shuffled = arrange([*cards, card("a path", "path")], seed=5)
    places = shuffled.get("headline", [])
    assert len(places) == expected and "path" not in shuffled and order[-1].text == "a path"
    assert sorted(c.text for c in order[:-1]) == sorted(c.text for c in cards)
    rest = [int(c.text.split()[1]) for i, c in enumerate(order[:-1]) if i not in places]
    assert rest == sorted(rest)
    for start in range(0, count - count % 8, 8):  # in each full eight
        assert sum(start <= place < start + 8 for place in places) == 2


def test_the_same_seed_gives_the_same_order_and_another_a_different_one() -> None:
    cards = headlines(8)
    assert arrange(cards, 1) == arrange(cards, 1)
    assert len({tuple(c.text for c in arrange(cards, seed)[0]) for seed in range(20)}) > 10


def test_a_shuffled_position_holds_any_text_of_the_slot() -> None:
    """The estimate rests on it: whatever the place, every rank is as likely. 8000 draws, 250 expected in a cell."""
    cards, seen = headlines(8), Counter[tuple[int, str]]()
    for seed in range(8000):
        order, shuffled = arrange(cards, seed)
        seen.update((place, order[place].text) for place in shuffled["headline"])
    assert len(seen) == 64 and all(170 < n < 330 for n in seen.values())


def test_texts_of_two_writers_are_shuffled_whole() -> None:
    cards = [card(f"text {i}", author=f"policy:w-{i % 2}") for i in range(10)]
    firsts = Counter(arrange(cards, seed)[0][0].author for seed in range(2000))
    assert arrange(cards, 0)[1] == {"headline": list(range(10))}
    assert all(900 < n < 1100 for n in firsts.values())


def test_page_and_database_agree_and_the_bias_is_counted_on_shuffled_positions(tmp_path: Path) -> None:
    db = fresh(tmp_path)
    ada, ann = person(db, "advertiser"), person(db, "analyst")
    number = briefs.save_brief(db, ada, brief()).id
    shown: Counter[int] = Counter()
    for seed in range(40):
        draft: Any = Draft(tuple(headlines(8)))
        stored = drafting.store_generation(db, ada, number, draft, seed=seed, request={"whole": False})
        order, shuffled = arrange(headlines(8), seed)
        assert [t.text for t in stored.texts] == [c.text for c in order]
        assert [t.position for t in stored.texts] == list(range(8))
        assert stored.request == {"whole": False, "shuffled": shuffled}
        feedback.pick(db, ada, stored.texts[0].id)  # people who always take the first
        shown.update(shuffled["headline"])
    ignored: Any = Draft(tuple(headlines(8)))
    drafting.store_generation(db, ada, number, ignored, seed=99)  # nobody chose from it
    rates = position_bias(db, ann)
    assert {r.position: r.shown for r in rates} == dict(shown)
    assert {(r.placement, r.slot) for r in rates} == {("google_rsa", "headline")}
    assert {r.position: r.rate for r in rates} == {place: float(place == 0) for place in shown}
    with pytest.raises(Forbidden):
        position_bias(db, ada)
    assert position_bias(db, person(db, "admin", "Theirs")) == []


def test_placements_with_slots_of_one_name_are_counted_apart(tmp_path: Path) -> None:
    """Two writers, so that every place is random. Everybody takes all 15 of Google's headlines and the first of Meta's
    5: pooled, place 0 would be chosen 8 of 8 times, place 1 4 of 8 and place 8 4 of 4."""
    db = fresh(tmp_path)
    ada, ann = person(db, "advertiser"), person(db, "analyst")
    for placement, count, taken in (("google_rsa", 15, 15), ("meta_feed", 5, 1)):
        number = briefs.save_brief(db, ada, brief(placement=placement)).id
        for seed in range(4):
            cards = [card(f"text {i}", author=f"policy:w-{i % 2}") for i in range(count)]
            draft: Any = Draft(tuple(cards))
            stored = drafting.store_generation(db, ada, number, draft, seed=seed)
            for text in stored.texts[:taken]:
                feedback.pick(db, ada, text.id)
    rates = position_bias(db, ann)
    assert [(r.placement, r.position, r.shown, r.chosen) for r in rates] == [
        *(("google_rsa", at, 4, 4) for at in range(15)),
        *(("meta_feed", at, 4, 4 * (at == 0)) for at in range(5)),
    ]
