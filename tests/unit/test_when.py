"""Times as each person reads them: one moment in two time zones, and what happens where the browser names none."""

from datetime import UTC, datetime, tzinfo
from types import SimpleNamespace

import pytest

from app.components import when as module
from app.components.when import when, zone

TOKYO, NEW_YORK = "Asia/Tokyo", "America/New_York"
NEW_YEARS_EVE = datetime(2025, 12, 31, 23, 30, tzinfo=UTC)


class Clock(datetime):
    """It is 1 March 2026, 09:00 UTC."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "Clock":
        return cls(2026, 3, 1, 9, tzinfo=UTC).astimezone(tz)


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "datetime", Clock)


def lives_in(monkeypatch: pytest.MonkeyPatch, name: str | None) -> None:
    monkeypatch.setattr(module, "st", SimpleNamespace(context=SimpleNamespace(timezone=name)))


def test_one_moment_is_another_day_and_year_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    lives_in(monkeypatch, TOKYO)  # nine hours ahead: it is this year there already
    assert when(NEW_YEARS_EVE) == "1 Jan 08:30"
    lives_in(monkeypatch, NEW_YORK)  # five behind: last year, so the year is told
    assert when(NEW_YEARS_EVE) == "31 Dec 2025 18:30"


def test_summer_time_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    noon = datetime(2026, 7, 1, 12, tzinfo=UTC)
    lives_in(monkeypatch, NEW_YORK)
    assert when(noon) == "1 Jul 08:00"  # four hours behind in summer
    lives_in(monkeypatch, TOKYO)
    assert when(noon) == "1 Jul 21:00"


@pytest.mark.parametrize("name", [None, "", "Nowhere/At_All", "../etc"])
def test_an_unknown_zone_is_utc(monkeypatch: pytest.MonkeyPatch, name: str | None) -> None:
    lives_in(monkeypatch, name)
    assert str(zone()) == "UTC" and when(NEW_YEARS_EVE) == "31 Dec 2025 23:30"
