"""The countries that a brief offers by name; any other is its two-letter code."""

COUNTRIES = {
    "us": "United States", "uk": "United Kingdom", "ca": "Canada", "au": "Australia", "nz": "New Zealand",
    "ie": "Ireland", "de": "Germany", "fr": "France", "es": "Spain", "it": "Italy", "nl": "Netherlands",
    "be": "Belgium", "at": "Austria", "se": "Sweden", "dk": "Denmark", "fi": "Finland", "pl": "Poland",
    "pt": "Portugal", "eu": "European Union", "ch": "Switzerland", "no": "Norway", "in": "India",
    "sg": "Singapore", "za": "South Africa",
}  # fmt: skip


def country(code: str) -> str:
    return COUNTRIES.get(code, code.upper())
