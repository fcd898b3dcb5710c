"""Times as the person who looks reads them: in the zone of their browser, UTC where it says none."""

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st


def zone() -> tzinfo:
    """The viewer's time zone."""
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def when(at: datetime) -> str:
    """A moment, with the year where it is not this one: "28 Nov 14:03"."""
    here = at.astimezone(zone())
    year = "" if here.year == datetime.now(zone()).year else " %Y"
    return f"{here:%-d %b{year} %H:%M}"
