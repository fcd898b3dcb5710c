"""Trials of two writers: what counts as a choice, what chance would choose, and what is said of it."""

import math
from typing import Any

import numpy as np
import pytest

from app.desks.analysis_blind import words as blind_words
from app.desks.analysis_versions import trial_words
from app.services import briefs, drafting, feedback, trials
from app.services.analytics_blind import ENOUGH, Preference
from app.services.exporting_table import plain_csv
from app.services.people import Actor, NotFound
from app.services.trials import TrialCounts
from db import versions as rows
from db.session import Database
from relate_engine.brief import BriefError
from relate_engine.config import Settings
from relate_engine.gate import CHOICES
from tests.unit.studio import Draft, brief, card, person
from tests.unit.writers import add_version


def mixed(db: Database, ada: Actor, old: int, new: int, name: str = "rnd-2") -> drafting.StoredGeneration:
    """A stored trial set with so many headlines of both."""
    cards = [card(f"old {i}", author="policy:writer-1") for i in range(old)]
    cards += [card(f"new {i}", author=f"policy:{name}") for i in range(new)]
    cards.append(card("One writer only", "description", author="policy:writer-1", limit=90))
    draft: Any = Draft(tuple(cards), versions={"policy": "writer-1", "rival": name})
    return drafting.store_generation(db, ada, briefs.save_brief(db, ada, brief()).id, draft, seed=3)


def test_choices_of_a_trial_are_counted_once_a_text_where_there_was_a_choice(db: Database, ann: Actor) -> None:
    ada = person(db, "advertiser")
    generation = mixed(db, ada, 4, 2)
    texts = {text.text: text for text in generation.texts}
    feedback.pick(db, ada, texts["new 0"].id)
    feedback.copy(db, ada, texts["new 0"].id)  # the same text again
    feedback.export(db, ada, [texts["old 1"].id], "editor")
    feedback.export(db, ada, [texts["old 2"].id], feedback.PLAIN)  # a table to look at
    feedback.edit(db, ada, texts["new 1"].id, card("new 1, better"))
    edited = next(t for t in drafting.list_generations(db, ada, generation.brief_id)[0].texts if t.parent_id)
    feedback.pick(db, ada, edited.id)  # the edit of a text is a choice of it
    feedback.pick(db, ada, texts["One writer only"].id)  # nothing to choose between in its slot
    feedback.pick(db, ada, texts["old 3"].id)
    feedback.unpick(db, ada, texts["old 3"].id)
    mixed(db, ada, 1, 1, "rnd-9")  # another trial
    assert trials.trial_counts(db, ann, "rnd-2") == TrialCounts("writer-1", "rnd-2", 4, 2, 1, 2, 1.0)
    assert trials.trial_counts(db, ann, "rnd-3") is None
    assert trials.trial_counts(db, person(db, "admin", "Theirs"), "rnd-2") is None


def shown_in_trial(db: Database, ada: Actor, number: int, counts: dict[str, tuple[int, int]]) -> Any:
    """A stored trial set with so many texts of the old and the new writer in each slot."""
    cards = [
        card(f"{slot} {name} {i}", slot, author=f"policy:{name}", limit=90)
        for slot, (old, new) in counts.items()
        for name, many in (("writer-1", old), ("rnd-2", new))
        for i in range(many)
    ]
    draft: Any = Draft(tuple(cards), versions={"policy": "writer-1", "rival": "rnd-2"})
    return drafting.store_generation(db, ada, number, draft, seed=3)


def test_what_nobody_chose_from_or_took_whole_does_not_tilt_a_trial(db: Database, ann: Actor) -> None:
    """The ranking shows 6 of 8 headlines by the new writer and 1 of 4 descriptions. Of 4 headlines 3 are its, as chance
    would have it; that the descriptions were left alone, or all taken, says nothing of either writer."""
    ada = person(db, "advertiser")
    number = briefs.save_brief(db, ada, brief()).id
    first, second = (shown_in_trial(db, ada, number, {"headline": (2, 6), "description": (3, 1)}) for _ in range(2))
    for generation in (first, second):
        heads = generation.of_slot("headline")
        mine = [t for t in heads if t.author == "policy:rnd-2"][:3]
        theirs = [t for t in heads if t.author == "policy:writer-1"][:1]
        feedback.export(db, ada, [t.id for t in (*mine, *theirs)], "editor")
    feedback.export(db, ada, [t.id for t in second.of_slot("description")], "editor")
    counts = trials.trial_counts(db, ann, "rnd-2")
    assert counts == TrialCounts("writer-1", "rnd-2", 10, 14, 2, 6, 6.0)
    assert counts.share == pytest.approx(0.5)  # 6 of 8, but 14 of 24 texts: by all that was shown it would be 68 %


def test_equal_writers_are_not_promoted_whatever_each_slot_shows() -> None:
    """People choose by lot: 3 of 8 headlines of which the new writer has 6, and all 4 descriptions, or none, or 1."""
    chance, promoted = np.random.default_rng(5), 0
    for _ in range(60):
        old = new = 0
        fair = 0.0
        while old + new < 400:
            for mine, theirs, taken in ((6, 2, 3), (1, 3, int(chance.integers(0, 2)))):
                hits = int(chance.hypergeometric(mine, theirs, taken)) if taken else 0
                old, new, fair = old + taken - hits, new + hits, fair + taken * mine / (mine + theirs)
            counts = TrialCounts("old", "new", 1, 1, old, new, fair)
            if counts.choices >= CHOICES and counts.interval[0] > 0.5:
                promoted += 1
                break
    assert promoted <= 4


def test_what_people_do_after_a_trial_has_named_its_writers_does_not_count(
    db: Database, ann: Actor, config: Settings
) -> None:
    ada = person(db, "advertiser")
    number = briefs.save_brief(db, ada, brief()).id
    add_version(db, ann, config, "rnd-2")
    trials.start_trial(db, ann, "rnd-2", config)
    generation = shown_in_trial(db, ada, number, {"headline": (4, 4)})
    ids = {t.text: t.id for t in generation.texts}
    feedback.pick(db, ada, ids["headline writer-1 0"])
    feedback.pick(db, ada, ids["headline rnd-2 0"])
    table = plain_csv(db, ada, list(ids.values())).decode()
    assert "rnd-2,2" not in table and "policy:" not in table and "one of the two writers on trial" in table
    trials.stop_trial(db, ann)
    under_way = shown_in_trial(db, ada, number, {"headline": (4, 4)})  # stored when the trial was over
    then = TrialCounts("writer-1", "rnd-2", 8, 8, 1, 1, 1.0)
    assert trials.trial_counts(db, ann, "rnd-2") == then
    feedback.unpick(db, ada, ids["headline writer-1 0"])
    feedback.edit(db, ada, ids["headline rnd-2 0"], card("headline rnd-2, mended"))
    for text in (*generation.texts, *under_way.texts):
        if text.author == "policy:rnd-2" and text.id != ids["headline rnd-2 0"]:
            feedback.pick(db, ada, text.id)
    assert trials.trial_counts(db, ann, "rnd-2") == then
    assert "policy:rnd-2" in plain_csv(db, ada, list(ids.values())).decode()
    trials.start_trial(db, ann, "rnd-2", config)  # again: what is drafted now is unlabelled
    again = shown_in_trial(db, ada, number, {"headline": (1, 1)})
    feedback.pick(db, ada, next(t.id for t in again.texts if t.author == "policy:rnd-2"))
    assert trials.trial_counts(db, ann, "rnd-2") == TrialCounts("writer-1", "rnd-2", 9, 9, 1, 2, 1.5)


def test_the_interval_of_a_trial_by_hand() -> None:
    """60 of 100 choices, as many shown: (0.4550, 0.7340), where B(70, 50) / B(10, 10) is 20 times p^60 (1 - p)^40."""
    mixed = math.factorial(69) * math.factorial(49) / math.factorial(119) * math.factorial(19) / math.factorial(9) ** 2
    even = TrialCounts("old", "new", 500, 500, 40, 60, 50.0)
    assert even.share == pytest.approx(0.6)
    assert even.interval == pytest.approx((0.4550, 0.7340), abs=1e-4)
    assert [mixed / (p**60 * (1 - p) ** 40) for p in even.interval] == pytest.approx([20, 20], rel=1e-6)
    # 400 shown against 600: the odds 60:40 are really 60/400 : 40/600 = 2.25 : 1
    fewer = TrialCounts("old", "new", 600, 400, 40, 60, 40.0)
    assert fewer.share == pytest.approx(2.25 / 3.25)
    low, high = (1.5 * p / (1 - p) for p in even.interval)
    assert fewer.interval == pytest.approx((low / (1 + low), high / (1 + high)), abs=1e-4)


def test_choices_of_one_set_go_together() -> None:
    """Two sets of four choices, all for one writer: off by 2 from the 2 expected in either, (4 + 4) / (4 · ¼ · 2)
    times 2 / 1. Where every set gives each writer what chance would, a choice is worth a choice."""
    sets = [trials._Choices(4, 4, 2.0), trials._Choices(4, 0, 2.0)]
    assert trials._together(sets) == pytest.approx(8)
    assert trials._together([trials._Choices(4, 2, 2.0)] * 9) == trials._together(sets[:1]) == 1
    # a set that showed three times as many of the new: its 3 of 4 are no surprise
    assert trials._together([trials._Choices(4, 3, 3.0), trials._Choices(4, 1, 1.0)]) == 1
    alone, tied = (TrialCounts("old", "new", 500, 500, 40, 60, 50.0, t) for t in (1.0, 2.0))
    half = TrialCounts("old", "new", 500, 500, 20, 30, 25.0)
    assert tied.share == alone.share and tied.interval == half.interval
    assert (alone.needed, tied.needed) == (130, 360)  # six in ten take 230 choices, or twice as many


@pytest.mark.parametrize("apart", [0.0, 1.0, 1.5])
def test_an_equal_writer_is_not_promoted_where_sets_differ(apart: float) -> None:
    """Eight choices a set, of which the odds vary by a log-odds of this sd; read after every set. Taken one by one, 10
    and 17 trials in 100 would end in a promotion."""
    chance, promoted = np.random.default_rng(3), 0
    for _ in range(100):
        sets: list[trials._Choices] = []
        while len(sets) < 75:
            new = int(chance.binomial(8, 1 / (1 + math.exp(-chance.normal(0, apart)))))
            sets.append(trials._Choices(8, new, 4.0))
            count, mine = 8 * len(sets), sum(s.new for s in sets)
            counts = TrialCounts("old", "new", 1, 1, count - mine, mine, count / 2, trials._together(sets))
            if count >= CHOICES and 2 * mine > count and counts.interval[0] > 0.5:
                promoted += 1
                break
    assert promoted <= 5


def test_a_trial_says_how_many_choices_are_missing() -> None:
    none = TrialCounts("old", "new", 10, 10, 0, 0, 0.0)
    assert none.share is None and none.interval == (0.0, 1.0) and none.needed == 100
    assert TrialCounts("old", "new", 10, 10, 7, 5, 6.0).needed == 88
    assert TrialCounts("old", "new", 90, 90, 60, 60, 60.0).needed == 0


def test_a_blind_count_and_a_trial_in_words() -> None:
    assert blind_words("new", "old", Preference(0, 0, 2, 1)).startswith("Nobody has preferred")
    assert blind_words("new", "old", Preference(80, 100, 3, 2)).endswith("It is preferred.")
    assert blind_words("new", "old", Preference(20, 100, 3, 2)).endswith("old is preferred.")
    assert blind_words("new", "old", Preference(15, 30, 0, 1)).endswith("no clear preference yet.")

    def said(shown_old: int, shown_new: int, old: int, new: int) -> str:
        return trial_words(TrialCounts("writer-1", "grpo-77", shown_old, shown_new, old, new, (old + new) / 2))

    assert "Nobody has chosen" in said(8, 8, 0, 0) and "100 choices are needed" in said(8, 8, 0, 0)
    assert "Of 10 choices 7 fell on it: 70%" in said(40, 40, 3, 7) and "90 more choices" in said(40, 40, 3, 7)
    assert said(300, 300, 50, 100).endswith("People prefer it.")
    assert said(300, 300, 100, 50).endswith("People prefer the old one.")
    assert said(300, 300, 60, 90).endswith("About 80 more choices are needed before it can decide.")  # it could be luck
    assert said(100, 100, 26, 34).endswith(
        "About 484 more choices are needed before it can decide."
    )  # as the gate says
    assert said(300, 300, 76, 75).endswith("It does not tell which one people prefer.")


def test_a_blind_count_read_after_every_choice_misleads_no_more_than_a_trial() -> None:
    """Equal writers, read after each of 200 choices: by an interval made for one look 43 in 100 would be preferred."""
    least = {n: next(k for k in range(n + 2) if k > n or Preference(k, n, 0, 1).interval[0] > 0.5)
             for n in range(ENOUGH, 201)}  # fmt: skip
    chosen = (np.random.default_rng(1).random((500, 200)) < 0.5).cumsum(1)
    told = [any(r[n - 1] >= k or n - r[n - 1] >= k for n, k in least.items()) for r in chosen]
    assert np.mean(told) <= 0.05
    early = blind_words("B", "A", Preference(ENOUGH - 1, ENOUGH - 1, 1, 1))
    assert "preferred" not in early and "interval" not in early and early.endswith("tell nothing yet.")
    assert blind_words("B", "A", Preference(ENOUGH, ENOUGH, 0, 1)).endswith("It is preferred.")


def test_a_trial_is_stopped_only_by_who_saw_it(db: Database, ann: Actor, config: Settings) -> None:
    for name in ("rnd-1", "rnd-2"):
        add_version(db, ann, config, name)
    state = trials.start_trial(db, ann, "rnd-1", config)
    with pytest.raises(BriefError, match="The trial of rnd-2 has ended already; rnd-1 is on trial now"):
        trials.stop_trial(db, ann, "as an older tab showed it", "rnd-2")
    with pytest.raises(NotFound, match="no version rnd-3 in your workspace"):
        trials.stop_trial(db, ann, "", "rnd-3")
    assert trials.trial_state(db, ann) == state
    trials.stop_trial(db, ann, "enough", "rnd-1")
    assert trials.trial_state(db, ann) is None


def test_choices_are_counted_against_the_rival_of_today(db: Database, ann: Actor, config: Settings) -> None:
    """Tried against the shipped writer, then against one that came in use since, which no draft shows yet."""
    ada = person(db, "advertiser")
    for name in ("rnd-1", "rnd-2"):
        add_version(db, ann, config, name)
    feedback.pick(db, ada, mixed(db, ada, 2, 2).texts[0].id)
    before = trials.trial_counts(db, ann, "rnd-2")
    assert before is not None and (before.old, before.choices) == ("writer-1", 1)
    with db.write() as session:
        rows.activate(session, ann.workspace_id, "policy", "rnd-1")
    assert trials.trial_counts(db, ann, "rnd-2") == before  # the last trial, which is over
    trials.start_trial(db, ann, "rnd-2", config)
    assert trials.trial_counts(db, ann, "rnd-2") is None
    cards = [card(f"{who} {i}", author=f"policy:{who}") for who in ("rnd-1", "rnd-2") for i in range(3)]
    draft: Any = Draft(tuple(cards), versions={"policy": "rnd-1", "rival": "rnd-2"})
    drafting.store_generation(db, ada, briefs.save_brief(db, ada, brief()).id, draft, seed=3)
    now = trials.trial_counts(db, ann, "rnd-2")
    assert now is not None and (now.old, now.shown_new, now.choices) == ("rnd-1", 3, 0)
    trials.stop_trial(db, ann)
    with db.write() as session:
        rows.activate(session, ann.workspace_id, "policy", None)
    assert trials.trial_counts(db, ann, "rnd-2") == before  # the shipped one is in use again
