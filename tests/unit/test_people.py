"""Who may do what: the table of roles and actions, written out by hand, and how refusals read."""

import re
from pathlib import Path
from typing import get_args

import pytest

from app.main import FIRST, pages_of
from app.services import people
from app.services.people import ALLOWED, Action, Actor, Forbidden, Role, inside, may, names_of, require, shell_actor
from tests.unit.studio import fresh, person

# one row an action: may the advertiser, the reviewer, the analyst, the admin?
EXPECTED = """
brief.read         yes yes yes yes
brief.write        yes no  no  yes
text.read          yes yes yes yes
text.write         yes no  no  yes
feedback.give      yes no  no  yes
ad.export          yes no  no  yes
table.export       yes no  yes yes
review.read        no  yes yes yes
review.judge       no  yes no  yes
analytics.read     no  no  yes yes
results.import     yes no  yes yes
results.read       yes no  yes yes
rewards.train      no  no  yes yes
job.read           yes yes yes yes
writer.read        no  no  yes yes
writer.change      no  no  yes yes
round.run          no  no  yes yes
ad.read            yes yes yes yes
ad.write           yes no  no  yes
ad.approve         no  yes no  yes
ad.live            yes no  no  yes
comment.write      yes yes yes yes
rule.read          yes yes yes yes
rule.write         no  yes no  yes
review.adjudicate  no  no  no  yes
audit.read         no  no  yes yes
people.manage      no  no  no  yes
"""
ROWS = [line.split() for line in EXPECTED.strip().splitlines()]
ROLES: tuple[Role, ...] = ("advertiser", "reviewer", "analyst", "admin")


def test_every_action_is_decided_by_hand() -> None:
    assert sorted(row[0] for row in ROWS) == sorted(get_args(Action)) == sorted(ALLOWED)
    assert get_args(Role) == ROLES


@pytest.mark.parametrize(
    ("action", "role", "allowed"), [(row[0], role, row[n + 1] == "yes") for row in ROWS for n, role in enumerate(ROLES)]
)
def test_role_and_action(action: Action, role: Role, allowed: bool) -> None:
    actor = Actor(1, role, 1)
    assert may(actor, action) is allowed
    if allowed:
        require(actor, action)
        return
    with pytest.raises(Forbidden) as refusal:
        require(actor, action)
    assert re.fullmatch(rf"Your role, {role}, may not .+; ask an? \w+ of your workspace\.", str(refusal.value))


def test_what_is_not_named_is_denied() -> None:
    for actor in (Actor(1, "owner", 1), Actor(1, "", 1)):  # type: ignore[arg-type]
        assert not any(may(actor, action) for action in get_args(Action))
    assert not may(Actor(1, "admin", 1), "everything.do")  # type: ignore[arg-type]
    assert set(people._IN_WORDS) == set(get_args(Action))


def test_each_role_opens_with_its_own_page() -> None:
    first = {role: pages_of(Actor(1, role, 1))[0][0] for role in ROLES}
    assert first == {"advertiser": "draft", "reviewer": "review", "analyst": "decide", "admin": "draft"}
    for role in ROLES:
        seen = [page[0] for page in pages_of(Actor(1, role, 1))]
        assert seen == sorted(seen, key=lambda m: FIRST[role].index(m) if m in FIRST[role] else 99)
        assert ("people" in seen) is (role == "admin")
        assert ("review" in seen) is (role != "advertiser")


def test_names_are_those_of_the_own_workspace(tmp_path: Path) -> None:
    db = fresh(tmp_path)
    ours, other, theirs = person(db, "admin"), person(db, "reviewer"), person(db, "analyst", "Theirs")
    shell = shell_actor(db, "Ours")
    wanted = [ours.user_id, other.user_id, theirs.user_id, shell.user_id, 99]
    assert names_of(db, ours, wanted) == {ours.user_id: "admin", other.user_id: "reviewer",
                                          shell.user_id: "This computer"}  # fmt: skip
    assert names_of(db, shell, [shell.user_id]) == {shell.user_id: "You"}
    assert (inside("You"), inside("Yousef")) == ("you", "Yousef")
