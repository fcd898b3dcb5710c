"""Which of Meta's results are no conversions: clicks, views, likes and whatever else is not done for the advertiser.

A result is named by its field ("actions:outbound_click", "video_p25_watched_actions") or in the words of Ads Manager
("Page likes", "2-second continuous video plays"). What is not known here counts as a conversion: events of a pixel,
leads, messages, calls, installs and custom conversions have endless names.
Leaves out other languages. The names were not checked against a live account.
"""

import re
from functools import lru_cache

_PREFIX = re.compile(r"^(actions|unique|omni|inline|onsite_conversion|onsite|facebook|instagram|page|post|daily)_(?=.)")
_CLICKS = r"(\w+_)?clicks?(_all|_to_open)?"  # link_click, outbound_clicks, clicks_(all)
_VIDEO = r"(\d+_second_|\d+_sec_)?(continuous_)?video_(views?|plays?)\w*|video_\w*(watched|thruplay|views?|plays?)\w*"
_WORDS = (
    "ad_recall_lift", "canvas_view", "check_?in", "comment", "engagement", "estimated_ad_recall(ers?|_lift|_rate)?",
    "estimated_ad_recall_lift_people", "event_response", "follow", "follows?_or_like", "(full_view_)?impression",
    "instant_experience_view", "interaction", "landing_page_view", "like", "mention", "net_(like|comment|save)",
    "photo_view", "post", "profile_visit(_view)?", "reach", "reaction", "rsvp", "save", "share", "tab_view",
    "thruplay", "view", "vote",
)  # fmt: skip
_NONE = re.compile(f"{_CLICKS}|{_VIDEO}|({'|'.join(_WORDS)})s?")


@lru_cache(maxsize=1024)
def is_no_conversion(indicator: str) -> bool:
    """Whether this result (its field, or its name in Ads Manager) is no conversion."""
    name = re.sub(r"\W+", "_", indicator.casefold()).strip("_")
    while not _NONE.fullmatch(name):
        shorter = _PREFIX.sub("", name)
        if shorter == name:
            return False
        name = shorter
    return True
