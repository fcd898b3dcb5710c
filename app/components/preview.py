"""What an ad looks like where it is shown, as text: a Google result with one combination, a Meta post at phone width.

Everything from outside is escaped before any tag is added. The looks are ours and near enough to judge wording and
length; a platform may show less, and which combination it picks is not known. Leaves out images and pixels.
"""

from collections.abc import Sequence
from html import escape
from urllib.parse import urlsplit

from relate_engine.brief import Slot
from relate_engine.combinations import fold

NO_PAGE = "your landing page"


def domain_of(landing_page: str) -> str:
    """The address as an ad shows it: example.com, or words where the brief names no page."""
    try:
        host = urlsplit(landing_page).hostname or ""
    except ValueError:
        host = ""
    return host.removeprefix("www.") or NO_PAGE


def google_html(
    headlines: Sequence[str], descriptions: Sequence[str], paths: Sequence[str], domain: str, dark: bool
) -> str:
    """A sponsored result with these texts, in this order."""
    crumbs = "".join(f' › <span dir="auto">{escape(path)}</span>' for path in paths if path)
    title = ' <span class="rl-sep">|</span> '.join(f'<span dir="auto">{escape(t)}</span>' for t in headlines)
    body = " ".join(f'<span dir="auto">{escape(t)}</span>' for t in descriptions)
    return (
        f'<div class="rl-serp{" rl-dark" if dark else ""}" role="group" aria-label="As on Google search">'
        f'<p class="rl-serp-by"><b>Sponsored</b></p><p class="rl-serp-by">{escape(domain)}{crumbs}</p>'
        f'<p class="rl-serp-title">{title or "No headline yet"}</p>'
        f'<p class="rl-serp-text">{body or "No description yet"}</p></div>'
    )


def meta_html(
    product: str, primary: str, headline: str, description: str, domain: str, slots: Sequence[Slot], whole: bool,
    dark: bool,
) -> str:  # fmt: skip
    """A post in a feed at phone width; texts beyond their visible width are cut as a phone does, unless `whole`."""
    visible = {slot.name: slot.visible for slot in slots}

    def cut(text: str, slot: str, more: str) -> str:
        if whole:
            return escape(text)
        seen, rest = fold(text, visible[slot])
        return escape(seen) + (more if rest else "")

    see_more = '… <b class="rl-more">See more</b>'
    extra = f'<p class="rl-feed-by" dir="auto">{cut(description, "description", "…")}</p>' if description else ""
    return (
        f'<div class="rl-feed{" rl-dark" if dark else ""}" role="group" aria-label="As in a Meta feed">'
        f'<p class="rl-feed-name" dir="auto">{escape(product)}</p><p class="rl-feed-by">Sponsored</p>'
        f'<p class="rl-feed-text" dir="auto">{cut(primary, "primary_text", see_more) or "No primary text yet"}</p>'
        '<p class="rl-feed-image">Image or video</p>'
        f'<div class="rl-feed-foot"><div><p class="rl-feed-by">{escape(domain)}</p>'
        f'<p class="rl-feed-title" dir="auto">{cut(headline, "headline", "…") or "No headline yet"}</p>{extra}</div>'
        '<span class="rl-feed-do">Learn more</span></div></div>'
    )


def plain_html(headline: str, body: str, dark: bool) -> str:
    """An ad for no platform in particular."""
    return (
        f'<div class="rl-serp{" rl-dark" if dark else ""}" role="group" aria-label="The ad">'
        f'<p class="rl-serp-title" dir="auto">{escape(headline) or "No headline yet"}</p>'
        f'<p class="rl-serp-text" dir="auto">{escape(body) or "No body yet"}</p></div>'
    )
