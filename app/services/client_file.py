"""A whole client's Google Ads Editor export, read: one group of texts for each ad group, with what it advertises.

The export of an account holds rows of every kind and up to hundreds of columns; used are the ads' texts, their final
URL and status, and keywords. Product and facts are a guess from names, host and texts, to be looked at by a person
before anything is made. What comes in is data: a cell such as `=1+1` is that text. Leaves out storing (clients.py).
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from app.services.own_lines import LONGEST
from relate_engine.brief import BriefError, clean, filled
from relate_engine.results.lines import Line, plain_header
from relate_engine.results.table import Table, open_table

MAX_BYTES = 50_000_000
MAX_GROUPS = 300  # ad groups of one import
MAX_LINES = 300  # texts kept of one ad group
MOST_FACTS, MOST_BENEFITS, MOST_KEYWORDS = 1900, 12, 30
TOLD = 5  # rows that are named one by one when they cannot be read

_TEXT = re.compile(r"(headline|description|path)(\d{1,2})")
_MOST = {"headline": 15, "description": 4, "path": 2}
_AD_TYPES = ("", "responsivesearchad", "expandedtextad", "textad")
_KNOWN = {"campaign", "adgroup", "adtype", "finalurl", "keyword", "criteriontype", "type", "status", "adstatus"}
_FILLER = {  # a part of a name that has only such words names no product
    "exact", "broad", "phrase", "bmm", "match", "search", "display", "pmax", "performance", "max", "rsa", "rsas", "dsa",
    "generic", "brand", "branded", "non", "nonbrand", "campaign", "ad", "adgroup", "group", "groups", "new", "test",
    "copy", "desktop", "mobile", "us", "uk", "usa", "en", "gb", "ca", "au", "eu", "q1", "q2", "q3", "q4",
}  # fmt: skip
_LAST = re.compile(r"[\s\-]+(?:exact|broad|phrase|bmm|exact match|broad match|phrase match|rsas?|20\d\d)$", re.I)
_PUBLIC = {"www", "shop", "store", "com", "co", "uk", "org", "net", "de", "eu", "io", "us", "app", "biz", "info", "go"}


@dataclass(frozen=True)
class AdGroup:
    """The texts of one ad group, and what its brief would be made of."""

    campaign: str
    ad_group: str
    final_url: str
    lines: tuple[tuple[str, str], ...]  # (slot, text), each once
    keywords: tuple[str, ...]
    product: str
    description: str
    benefits: tuple[str, ...]
    ads: int


@dataclass(frozen=True)
class ClientFile:
    """`notes`: one sentence about each kind of thing that was left out or put together."""

    groups: tuple[AdGroup, ...]
    described: str  # encoding and separator
    notes: tuple[str, ...]


@dataclass
class _Found:
    campaign: str
    ad_group: str
    urls: Counter[str] = field(default_factory=Counter)
    lines: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    keywords: dict[str, str] = field(default_factory=dict)
    ads: int = 0


def read_client(data: bytes, name: str) -> ClientFile:
    """The ad groups of an Editor export, in the file's order. Raises BriefError or ResultsError with the remedy."""
    if len(data) > MAX_BYTES:
        raise BriefError(f"{name} is {len(data) / 1e6:,.0f} MB; export some campaigns at a time (50 MB at most).")
    table = open_table(data, name, knows)
    columns = {_plain(header): i for i, header in reversed(list(enumerate(table.header)))}
    texts = _text_columns(table)
    if not texts or "adgroup" not in columns:
        missing = "Ad group" if texts else "Headline 1 or Description 1"
        seen = ", ".join(filter(None, table.header[:6])) or "none"
        raise BriefError(
            f"{name} is no export of ads: it has no column {missing} (it begins with: {seen[:160]}). In Google Ads "
            "Editor choose Account, Export, with English headers, and choose that file."
        )
    found: dict[tuple[str, str], _Found] = {}
    notes = Counter[str]()
    bad: list[Line] = []
    for line in table.rows():
        if line.trouble:
            bad.append(line)
            continue
        _row(line.cells, columns, texts, found, notes)
    groups = [_group(one) for one in found.values() if one.lines]
    if not groups:
        raise BriefError(f"{name} holds no search ad with texts; export the ads themselves from Google Ads Editor.")
    if len(groups) > MAX_GROUPS:
        raise BriefError(
            f"{name} has {len(groups):,} ad groups with ads; at most {MAX_GROUPS} are imported at once, so export "
            "some campaigns at a time."
        )
    told = [words.format(n=n) for words, n in notes.items()]
    told += [f"Line {line.number} was left out: {line.trouble}." for line in bad[:TOLD]]
    told += [f"{len(bad) - TOLD:,} more lines could not be read."] if len(bad) > TOLD else []
    unknown = [h for h in table.header if h and not knows(plain_header(h))]
    if unknown:
        more = " …" if len(unknown) > 4 else ""
        told.append(f"{len(unknown)} columns are not used ({', '.join(unknown[:4])}{more}).")
    return ClientFile(tuple(groups), table.described, tuple(told))


def knows(header: str) -> bool:
    """Whether a column of this (plain) name is used."""
    name = _plain(header)
    return name in _KNOWN or _TEXT.fullmatch(name) is not None


def _row(
    cells: Sequence[str],
    columns: dict[str, int],
    texts: Sequence[tuple[int, str]],
    found: dict[tuple[str, str], _Found],
    notes: Counter[str],
) -> None:
    def cell(name: str) -> str:
        value = clean(cells[columns[name]]) if name in columns else ""
        return "" if value == "[]" else " ".join(value.split())

    campaign, ad_group = cell("campaign")[:255], cell("adgroup")[:255]
    lines = [(slot, clean(cells[i])) for i, slot in texts]
    lines = [(slot, text) for slot, text in lines if text and text != "[]"]
    keyword = cell("keyword")
    if not ad_group:
        if lines:
            notes["Ads without an ad group left out: {n}."] += 1
        return
    if not lines and not keyword:
        return
    if "removed" in (cell("status").lower(), cell("adstatus").lower()):
        notes["Removed ads and keywords left out: {n}."] += 1
        return
    if lines and _plain(cell("adtype")) not in _AD_TYPES:
        notes["Ads of other types left out: {n}."] += 1
        return
    one = found.setdefault((campaign.casefold(), ad_group.casefold()), _Found(campaign, ad_group))
    if keyword and "negative" not in f"{cell('criteriontype')} {cell('type')}".lower():
        word = keyword.strip('[]"+ ')
        if word and len(word) <= 80:
            one.keywords.setdefault(word.casefold(), word)
    if not lines:
        return
    one.ads += 1
    if url := cell("finalurl"):
        one.urls[url] += 1
    for slot, text in lines:
        key = slot, " ".join(text.casefold().split())
        if key in one.lines:
            continue
        if len(text) > LONGEST or len(one.lines) >= MAX_LINES:
            notes[f"{{n}} texts were left out: an ad group keeps {MAX_LINES}, none over {LONGEST:,} characters."] += 1
            continue
        one.lines[key] = slot, text


def _text_columns(table: Table) -> list[tuple[int, str]]:
    found = []
    for i, header in enumerate(table.header):
        match = _TEXT.fullmatch(_plain(header))
        if match and 1 <= int(match[2]) <= _MOST[match[1]]:
            found.append((i, match[1]))
    return found if any(slot != "path" for _, slot in found) else []


def _group(one: _Found) -> AdGroup:
    lines = tuple(one.lines.values())
    headlines = [filled(text) for slot, text in lines if slot == "headline"]
    facts = [_sentence(filled(text)) for slot, text in lines if slot == "description"]
    facts = facts or [_sentence(text) for text in headlines]
    url = one.urls.most_common(1)[0][0] if one.urls else ""
    return AdGroup(
        one.campaign, one.ad_group, url, lines, tuple(one.keywords.values())[:MOST_KEYWORDS],
        product_of(one.campaign, one.ad_group, url, [text for _, text in lines]),
        _within(facts, MOST_FACTS), tuple(headlines[:MOST_BENEFITS]), one.ads,
    )  # fmt: skip


def product_of(campaign: str, ad_group: str, url: str, texts: Iterable[str]) -> str:
    """What seems to be advertised: the host's name as the texts spell it, and the words of the ad group's name."""
    brand = _brand(url, texts)
    words = _named(ad_group) or _named(campaign)
    if brand and _squeezed(brand) in _squeezed(words):
        brand = ""
    return " ".join(filter(None, (brand, words)))[:80].strip() or (ad_group or campaign)[:80]


def _brand(url: str, texts: Iterable[str]) -> str:
    """The longest name in the host; spelled as in a text that holds it, else with a capital."""
    try:
        host = urlsplit(url if "//" in url else f"//{url}").hostname or ""
    except ValueError:
        return ""
    parts = [part for part in host.lower().split(".") if part not in _PUBLIC]
    if not parts:
        return ""
    name = max(parts, key=len)
    plain = _squeezed(name)
    for text in texts:
        words = text.split()
        for first in range(len(words)):
            for last in range(first + 1, min(len(words), first + 4) + 1):
                spelled = " ".join(words[first:last]).strip(".,!?:;\"'()")
                if plain and _squeezed(spelled) == plain:
                    return spelled
    return name.replace("-", " ").title()


def _named(name: str) -> str:
    """The part of a campaign's or ad group's name that may name a product, without a match type or year at its end."""
    spaced = name if " " in name else name.replace("_", " ")
    parts = [" ".join(part.split()) for part in re.split(r"\s*[|>:()\[\]]\s*|\s[-–—/_]+\s", spaced)]
    named = [part for part in parts if any(w not in _FILLER and not _number(w) for w in part.casefold().split())]
    return _LAST.sub("", max(named, key=len, default="")).strip(" -–—.,+")


def _number(word: str) -> bool:
    return word.isdecimal() and (len(word) < 4 or word.startswith("20"))


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "。", "؟")) else f"{text}."


def _within(sentences: Iterable[str], most: int) -> str:
    """As many whole sentences as fit."""
    kept = ""
    for sentence in dict.fromkeys(sentences):
        if len(kept) + len(sentence) + 1 > most:
            break
        kept = f"{kept} {sentence}".strip()
    return kept


def _squeezed(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()


def _plain(header: str) -> str:
    return re.sub(r"[\s_\-]+", "", header.replace("\ufeff", "")).lower()
