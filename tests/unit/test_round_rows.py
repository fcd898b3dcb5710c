"""What a snapshot teaches, worked out by hand: targets, pairs, single verdicts, and what is held out of them."""

import json
from dataclasses import replace

import pytest

from relate_engine.brief import BriefError
from relate_engine.round_lessons import judged_of
from relate_engine.round_rows import acceptance, examined, preference_pairs, sft_targets, single_verdicts
from relate_engine.snapshot import (
    ShownSet,
    ShownText,
    Single,
    Snapshot,
    Wording,
    held_briefs,
    held_products,
    manifest,
    snapshot_from_json,
    training_briefs,
    training_sets,
)
from tests.tiny_round import HEADLINES, brief, shown_text, snapshot


def of(*texts: ShownText, number: int = 1) -> Snapshot:
    """A snapshot with one shown set, of a product that this round trains on."""
    whole = snapshot(number, sets=0)
    product = training_briefs(whole)[0].product
    return replace(whole, sets=(ShownSet(1, brief(product), texts),))


def pairs_of(*texts: ShownText) -> list[tuple[str, str, float, str]]:
    return [(p.better.text, p.worse.text, p.weight, p.why) for _, ps in preference_pairs(of(*texts)) for p in ps]


def by(writer: str, picked: int, texts: int) -> list[ShownText]:
    return [shown_text(i % 5, "picked" if i < picked else "", author=f"policy:{writer}") for i in range(texts)]


def shown_in_turn(*sets: list[ShownText]) -> Snapshot:
    """A snapshot of these sets, the first shown first; the writer in use is sft-0."""
    return replace(snapshot(sets=0), sets=tuple(ShownSet(n, brief("Oak Desk"), tuple(s)) for n, s in enumerate(sets)))


def looked(*places: tuple[str, int, int, int]) -> dict[str, dict[str, dict[int, float]]]:
    """By slot, position, shown and chosen, all of one placement."""
    return examined([("google_rsa", *place) for place in places])


def test_a_pick_beats_what_was_rejected_and_a_little_what_was_left() -> None:
    """Touched down to place 1, so place 2 is one and place 3 two below it: 0.25 / 2 and 0.25 / 3."""
    found = pairs_of(shown_text(0, "picked"), shown_text(1, "rejected"), shown_text(2), shown_text(3))
    assert found == [
        (HEADLINES[0], HEADLINES[1], 1.0, "picked over rejected"),
        (HEADLINES[0], HEADLINES[2], 0.125, "picked over not picked"),
        (HEADLINES[0], HEADLINES[3], pytest.approx(0.25 / 3), "picked over not picked"),
    ]
    above = pairs_of(shown_text(0), shown_text(3, "picked"))
    assert above == [(HEADLINES[3], HEADLINES[0], 0.25, "picked over not picked")]  # passed over on the way down


def test_a_place_that_is_seldom_looked_at_says_less_of_the_text_in_it() -> None:
    """Random texts: the first place is chosen 40 in 100, the fourth 10 in 100 (a quarter), the third too few to say."""
    seen = looked(("headline", 0, 100, 40), ("headline", 2, 49, 0), ("headline", 3, 100, 10), ("path", 0, 90, 9))
    assert seen == {"google_rsa": {"headline": {0: 1.0, 3: 0.25}}}  # one place alone has nothing beside it
    assert looked(("headline", 0, 60, 0), ("headline", 1, 60, 0)) == {}
    assert looked(("headline", 0, 60, 30), ("headline", 1, 60, 0)) == {"google_rsa": {"headline": {0: 1.0, 1: 0.05}}}
    given = replace(of(shown_text(0, "picked"), shown_text(2), shown_text(3)), examined=seen)
    ((_, pairs),) = preference_pairs(given)
    assert [p.weight for p in pairs] == [pytest.approx(0.25 / 3), 0.25 * 0.25]  # cascade ¼ too: the fourth is 3 below
    passed = replace(of(shown_text(3), shown_text(4, "picked")), examined=seen)  # seen on the way down, or was it?
    assert [p.weight for p in preference_pairs(passed)[0][1]] == [0.0625]
    assert snapshot_from_json(json.loads(json.dumps(given.to_json()))) == given
    assert manifest(given)["examined"] == {"google_rsa": {"headline": {"0": 1.0, "3": 0.25}}}


def test_a_place_is_held_against_the_places_of_its_own_placement() -> None:
    """Google's people take 70 of 100 wherever a text stands, Meta's 20: no place is seen less than another. Pooled,
    place 0 would be chosen 45 in 100 and place 8, which Meta does not have, 70."""
    google, meta = [("google_rsa", "headline", at, 100, 70) for at in (0, 8)], [("meta_feed", "headline", 0, 100, 20)]
    assert examined([*google, *meta]) == {"google_rsa": {"headline": {0: 1.0, 8: 1.0}}}
    meta += [("meta_feed", "headline", 3, 100, 5)]
    assert examined([*google, *meta])["meta_feed"] == {"headline": {0: 1.0, 3: 0.25}}
    given = replace(of(shown_text(0, "picked"), shown_text(3)), examined=examined([*google, *meta]))
    assert [p.weight for p in preference_pairs(given)[0][1]] == [pytest.approx(0.25 / 4)]  # the cascade's: 3 below
    other = replace(given.sets[0], brief=given.sets[0].brief.model_copy(update={"placement": "meta_feed"}))
    picked_below = replace(other, texts=(shown_text(3), shown_text(4, "picked")))  # the cascade counts it whole
    assert [p.weight for p in preference_pairs(replace(given, sets=(picked_below,)))[0][1]] == [0.25 * 0.25]


def test_a_snapshot_whose_places_were_pooled_over_placements_is_refused() -> None:
    frozen = of(shown_text(0)).to_json() | {"examined": {"headline": {"0": 1.0, "3": 0.25}}}
    with pytest.raises(BriefError, match="frozen by an earlier release"):
        snapshot_from_json(json.loads(json.dumps(frozen)))


def test_verdicts_without_a_counterpart_are_single() -> None:
    """A slot of a set that makes pairs has none; edits replace what was rejected; blocked texts are no picks."""
    lone = of(shown_text(0, "rejected"), shown_text(1, "picked", slot="description"), shown_text(2))
    assert [(s.wording.text, s.picked) for s in single_verdicts(lone)] == [(HEADLINES[0], False), (HEADLINES[1], True)]
    assert single_verdicts(of(shown_text(0, "picked"), shown_text(1, "rejected"))) == []
    assert single_verdicts(of(shown_text(0, "picked", level="blocked"), shown_text(1, verdict="violation"))) == [
        Single(brief(training_briefs(snapshot())[0].product), Wording("headline", "benefit", HEADLINES[1]), False)
    ]


def test_an_edit_beats_the_wording_it_replaced_and_nothing_else() -> None:
    edited = shown_text(0, "picked", edited="Solid oak desk")
    assert pairs_of(edited, shown_text(1, "rejected")) == [
        ("Solid oak desk", HEADLINES[0], 1.0, "edited over original"),
    ]
    assert pairs_of(shown_text(0, "rejected", edited="Solid oak desk")) == []


def test_pairs_stay_inside_a_slot_of_a_set() -> None:
    assert pairs_of(shown_text(0, "picked"), shown_text(1, "rejected", slot="description")) == []
    one, other = of(shown_text(0, "picked")), of(shown_text(1, "rejected"))
    assert preference_pairs(replace(one, sets=(*one.sets, *other.sets))) == []


def test_a_violation_is_never_taught() -> None:
    bad = shown_text(0, "picked", verdict="violation")
    blocked = shown_text(2, "picked", level="blocked")
    assert sft_targets(of(bad, blocked)) == []
    assert pairs_of(bad, shown_text(1, "picked")) == [(HEADLINES[1], HEADLINES[0], 1.0, "picked over rejected")]
    assert pairs_of(shown_text(0, edited="Best oak", verdict="violation")) == []


@pytest.mark.parametrize("insert", ["{KeyWord:Oak Desk}", "Ends in {COUNTDOWN(2026-12-01 00:00:00)}"])
def test_a_google_insert_is_never_taught(insert: str) -> None:
    """A writer would write the braces itself. Edited out it may be taught, edited in it may not."""
    brought, left = shown_text(0, "picked", text=insert), shown_text(1)
    assert sft_targets(of(brought, left)) == [] and pairs_of(brought, left) == []
    assert single_verdicts(of(brought)) == []
    assert sft_targets(of(shown_text(0, "picked", edited=insert))) == []
    mended = replace(brought, edited="Oak desk")
    assert [[w.text for w in ws] for _, ws in sft_targets(of(mended))] == [["Oak desk"]]


def test_targets_are_what_people_stood_by_in_its_last_wording() -> None:
    texts = shown_text(0, "picked"), shown_text(1), shown_text(2, edited="Lasts"), shown_text(3, "rejected")
    assert [[w.text for w in ws] for _, ws in sft_targets(of(*texts))] == [[HEADLINES[0], "Lasts"]]


def test_acceptance_compares_the_writer_in_use_with_those_before() -> None:
    """30 texts of each: 15 of the earlier were picked, 6 of the present one's."""
    old, new = by("old", 15, 30), by("sft-0", 6, 30)
    assert acceptance(shown_in_turn(old, new)) == ((15, 30), (6, 30))
    paths = [shown_text(0, "picked", slot="path", author="policy:sft-0") for _ in range(30)]  # only Google shows them
    assert acceptance(shown_in_turn(paths, old, [*new, *paths])) == ((15, 30), (6, 30))
    assert acceptance(shown_in_turn(old[1:], new)) is None


def test_acceptance_takes_no_rival_of_the_writer_in_use_for_an_earlier_one() -> None:
    """A rival on trial beside it, or one that was rolled back since, says nothing of how it was before."""
    before, mine = by("old", 20, 50), by("sft-0", 40, 80)
    liked, disliked = by("rival", 64, 80), by("rival", 8, 80)
    assert acceptance(shown_in_turn(before, mine, liked)) == ((20, 50), (40, 80))
    assert acceptance(shown_in_turn(before, [*mine[:10], *disliked], mine[10:])) == ((20, 50), (40, 80))
    assert acceptance(shown_in_turn(mine, liked)) is None  # nobody wrote here before


def test_a_set_is_held_out_with_what_its_brief_is_called_today_too() -> None:
    now = snapshot(sets=0)
    (held,) = held_products(now)
    trained = training_briefs(now)[0].product

    def taught(shown_for: str, today: str) -> int:
        one = ShownSet(1, brief(shown_for), (shown_text(0, "picked"), shown_text(1)), today)
        given = replace(now, sets=(one,))
        return len(training_sets(given)) + len(sft_targets(given)) + len(preference_pairs(given))

    assert taught(trained, trained) == taught("Its name before", trained) == taught(trained, "") == 3
    assert taught("Its name before", held) == taught(held, trained) == 0


def test_a_snapshot_of_an_earlier_release_is_refused_in_one_sentence() -> None:
    old = snapshot().to_json()
    old["served"] = ["Oak served"]
    for one in old["sets"]:
        del one["product"]
    with pytest.raises(BriefError, match=r"frozen by an earlier release .* start a new round"):
        snapshot_from_json(old)


def test_held_out_products_rotate_and_are_never_trained_on() -> None:
    held = [held_products(snapshot(n)) for n in range(1, 9)]
    assert all(len(h) == 1 for h in held) and len(set(held)) > 1
    now = snapshot(1)
    twice = replace(now, briefs=(*now.briefs, now.briefs[0].model_copy(update={"placement": "meta_feed"})))
    for number in range(1, 9):
        given = replace(twice, round=number)
        out = {b.product for b in held_briefs(given)}
        assert out and not out & {b.product for b in training_briefs(given)}
        assert not out & {s.brief.product for s in training_sets(given)}
        assert len(held_briefs(given)) + len(training_briefs(given)) == 5


def test_the_manifest_tells_every_part_apart_and_a_snapshot_survives_json() -> None:
    now = snapshot()
    assert snapshot_from_json(json.loads(json.dumps(now.to_json()))) == now
    first = now.sets[0]
    judged = replace(first, texts=(replace(first.texts[0], verdict="compliant"), *first.texts[1:]))
    later = replace(now, sets=(judged, *now.sets[1:]))
    a, b = manifest(now)["sha256"], manifest(later)["sha256"]
    assert {k for k in a if a[k] != b[k]} == {"sets", "verdicts"}
    given = replace(now, served=(replace(now.served[0], slot="description"),))
    assert manifest(given)["sha256"]["served"] != a["served"] and manifest(given)["counts"]["served"] == 1
    assert manifest(now)["counts"]["sets"] == 8 and manifest(now)["counts"]["briefs"] == 4


def test_pairs_reach_training_as_numbers_with_weights() -> None:
    found = preference_pairs(of(shown_text(0, "picked"), shown_text(1, "rejected"), shown_text(2)))
    (judged,), (weights,) = judged_of(found)
    assert [(j.text, j.passed) for j in judged[1]] == [(HEADLINES[0], True), (HEADLINES[1], False),
                                                       (HEADLINES[2], False)]  # fmt: skip
    assert weights == {(0, 1): 1.0, (0, 2): 0.125}
