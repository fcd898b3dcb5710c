"""Which language a brief is in, as far as it matters: only English is supported, others are refused by name.

Script first, then how many different common words of a language stand in the text. Words that English has
too (do, van, per, die, con, met) are in no foreign set, and only words in small letters count, because El
Paso, Las Vegas and Los Angeles are English. Short or mixed texts count as English: a false refusal is worse
than a late one. Leaves out: languages that share neither script nor these words.
"""

import re
import unicodedata

_STOPWORDS = {
    "Spanish": "el la las los que para una un por más del está de en y su sus nuestro nuestra desde también como",
    "French": "le la les des une un pour avec dans vous nous votre et aux qui chez sans ou notre vos",
    "German": "der das und für mit ist ein eine einen einem einer von nicht auf zu im dem wir sie ihr oder bei auch",
    "Italian": "il la che una un della dei delle sono gli più nel nella di è anche alla senza ogni tutta fatta fatte",
    "Portuguese": "os para uma um da dos das não mais em na que é sua seu são pelo pela ao sem nossa também",
    "Dutch": "het een voor niet zijn op de en je jouw wij ook naar bij uit maar onze geen wordt",
    "Polish": "w z nie się jest dla oraz przez od po na że które lub są twój twoje bez jak już każdy",
    "Swedish": "och att är för på som av det en ett från inte eller vi utan din",
    "Norwegian or Danish": "og er på som av af til ikke det en et fra eller uten uden deg dig med du ditt dit din",
}
_SETS = {language: frozenset(words.split()) for language, words in _STOPWORDS.items()}
_COMMON = (
    "the and for with of to is that your you it from are by this our or be can no not every"
    " each without when their its have has which more than all into who"
)
_ENGLISH = frozenset(_COMMON.split())  # without those that other languages share: a, in, on, at


def foreign_language(text: str) -> str | None:
    """A language other than English that the text is plainly in, or None. Script first, then common words."""
    letters = [c for c in text if c.isalpha()]
    if letters and sum("LATIN" in unicodedata.name(c, "") for c in letters) < len(letters) / 2:
        return "a script other than Latin"
    words = set(re.findall(r"[^\W\d_]+", text))
    english = len({w.lower() for w in words} & _ENGLISH)
    hits = {language: len(words & stop) for language, stop in _SETS.items()}
    language = max(hits, key=lambda k: hits[k])
    return language if hits[language] >= 3 and hits[language] > 2 * english else None
