"""`RemotePolicy`: the writer behind a server that speaks OpenAI's completions protocol (vLLM, transformers serve).

It offers what draft.py uses of `Policy`, with the same prompts, and loads nothing here. Decoding cannot be guarded
from afar, so what a guard bans while sampling is checked when a text comes, and the text is dropped with the reason.
Where the server tells no log-probabilities, acceptance counts every text's likelihood as average, and the path says
so. What a server answers is data: it is checked before use, and its words reach a person only inside a sentence.
Leaves out: chat-only servers (the writer continues a prompt), top-k (set it on the server), redirects (they would
hand the key on), and running the server (docs/scaling.md).
"""

import json
import math
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.client import HTTPException
from typing import Any, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from relate_engine.brief import Brief, width
from relate_engine.policy.acceptance import Acceptance
from relate_engine.policy.decode import Sample
from relate_engine.policy.guards import broken
from relate_engine.policy.model import AdapterState
from relate_engine.policy.prompt import TEMPLATES, few_shot, prompt
from relate_engine.policy.weights import WeightsError
from relate_engine.policy.writer import WAVE, Wish, terms_of

TIMEOUT = 60.0  # seconds without a byte from the server
WAITS = (0.5, 1.0, 2.0, 4.0)  # seconds before each further try while the server is busy
LONGEST_WAIT = 15.0  # seconds; a server that asks for more is told of at once
ABREAST = 8  # requests under way at once
_BYTES = 8 << 20  # the longest answer that is read
_BUSY = (429, 503)


class RemoteError(WeightsError):
    """The server does not write; its text says why and what to do. To a caller it is a writer that is missing."""


class _Choice(NamedTuple):
    text: str
    ended: bool
    logprobs: tuple[float, ...]


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = build_opener(_NoRedirect)


class Server:
    """One address with its key. `name` is its host and port: a password in the address is shown to nobody."""

    def __init__(self, url: str, key: str = "") -> None:
        try:
            parts = urlsplit(url)
            fine = parts.scheme in ("http", "https") and parts.hostname and parts.username is None
            self.name = f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
        except ValueError:
            fine = False
        if not fine:
            raise RemoteError("RELATE_POLICY_URL is no address like http://host:8000 (no password in it); mend it.")
        if not (key.isascii() and key.isprintable()):
            raise RemoteError("RELATE_POLICY_KEY holds characters that no key has; set it again.")
        self.url = url.rstrip("/").removesuffix("/v1")
        self.headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})

    def ask(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The JSON answer to a GET, or to a POST of `body`; waits and asks again while the server is busy."""
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url}/v1/{path}", data, self.headers)
        for wait in (*WAITS, None):
            try:
                with _OPENER.open(request, timeout=TIMEOUT) as response:
                    return json.loads(response.read(_BYTES))
            except HTTPError as error:
                with error:
                    said = _words(error.read(_BYTES))
                asked = error.headers.get("Retry-After", "")
                longer = float(asked) if asked.isdecimal() else 0.0
                if error.code not in _BUSY or wait is None or longer > LONGEST_WAIT:
                    raise self._refused(error.code, said, path) from None
                time.sleep(max(wait, longer))
            except TimeoutError:
                raise self._late() from None
            except URLError as error:
                if isinstance(error.reason, TimeoutError):
                    raise self._late() from None
                raise self._away(error.reason) from None
            except ValueError:  # not JSON, or not UTF-8
                raise self.odd("no JSON") from None
            except (HTTPException, OSError) as error:  # a line that is no HTTP, a connection that broke
                raise self._away(error) from None
        raise AssertionError("the last try returns or raises")

    def odd(self, what: str) -> RemoteError:
        return RemoteError(
            f"The writer's server {self.name} gave an answer that is no completion ({what}); "
            "RELATE_POLICY_URL must name a server with OpenAI's /v1/completions."
        )

    def _late(self) -> RemoteError:
        return RemoteError(f"The writer's server {self.name} gave no answer within {TIMEOUT:.0f} s; try again later.")

    def _away(self, reason: object) -> RemoteError:
        why = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
        return RemoteError(
            f"The writer's server {self.name} cannot be reached ({why}); start it, or mend RELATE_POLICY_URL."
        )

    def _refused(self, code: int, said: str, path: str) -> RemoteError:
        told = f" (it said: {said})" if said else ""
        if code in (401, 403):
            return RemoteError(f"The writer's server {self.name} refuses the key ({code}); set RELATE_POLICY_KEY.")
        if code == 404 and "model" in said.lower():
            return RemoteError(
                f"The writer's server {self.name} has no such model{told}; set RELATE_POLICY_MODEL to one it serves."
            )
        if code == 404:
            return RemoteError(
                f"The writer's server {self.name} has no /v1/{path} (404); "
                "RELATE_POLICY_URL must name a server with OpenAI's completions protocol."
            )
        if code in _BUSY:
            return RemoteError(f"The writer's server {self.name} is too busy ({code}){told}; try again later.")
        return RemoteError(f"The writer's server {self.name} answered {code}{told}; see that server's log.")


def _words(body: bytes) -> str:
    """The message inside an error's body, on one line, shortened."""
    try:
        found: Any = json.loads(body)
        for name in ("error", "message", "detail"):
            found = found.get(name, found) if isinstance(found, dict) else found
    except ValueError:
        found = body.decode("utf-8", "replace")
    line = " ".join((found if isinstance(found, str) else json.dumps(found)).split())
    line = "".join(c for c in line if c.isprintable()).rstrip(".")
    return line if len(line) <= 160 else f"{line[:159]}…"


def _choices(server: Server, answer: Any) -> list[_Choice]:
    """The choices of an answer of /v1/completions. Raises RemoteError for one that does not hold any."""
    given = answer.get("choices") if isinstance(answer, dict) else None
    if not isinstance(given, list) or not given:
        raise server.odd("no choices")
    found = []
    for choice in given:
        if not isinstance(choice, dict) or not isinstance(choice.get("text"), str):
            raise server.odd("a choice without text")
        told = choice.get("logprobs")
        logprobs = told.get("token_logprobs") if isinstance(told, dict) else None
        if not isinstance(logprobs, list) or not all(_is_number(x) for x in logprobs):
            logprobs = []
        found.append(_Choice(choice["text"], choice.get("finish_reason") == "stop", tuple(map(float, logprobs))))
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


class RemotePolicy:
    """The writer behind a server; asks it for one token to begin with, so that what is wrong is said at once.

    `model` "" takes the only one served. `examples`: the model was not trained on these prompts, so worked examples
    go before each. Raises RemoteError.
    """

    def __init__(self, url: str, model: str, key: str, acceptance: Acceptance, examples: bool = False) -> None:
        self.server = Server(url, key)
        self.model = model or self._only_model()
        self.examples = examples
        first = _choices(self.server, self.server.ask("completions", self._body("Product:", 1, 1, 0, 1.0)))[0]
        self.tells = bool(first.logprobs)
        self.acceptance = acceptance if self.tells else acceptance.without_likelihood()
        name = self.model if len(self.model) <= 50 else f"…{self.model[-49:]}"  # as long as the database keeps
        self.state = AdapterState(f"remote:{name}", not examples, points=not examples)
        self.path = f"remote {name} at {self.server.name[:32]}" + ("" if self.tells else ", no log-probabilities")

    @property
    def version(self) -> str:
        return self.state.version

    def write(
        self,
        brief: Brief,
        wishes: Sequence[Wish],
        seed: int,
        temperature: float = 1.0,
        raw: bool = False,
        worn: Mapping[str, frozenset[int]] | None = None,
    ) -> Iterator[tuple[Wish, Sample]]:
        """As Policy.write. `ids` of a Sample are numbers of its words: of use for whether two texts open alike.

        Equal wishes are asked for together. A server may not heed the seed. Raises RemoteError.
        """
        alike: dict[Wish, list[int]] = {}
        for i, wish in enumerate(wishes):
            alike.setdefault(wish if self.state.points else replace(wish, point=""), []).append(i)
        waves = [rows[at : at + WAVE] for rows in alike.values() for at in range(0, len(rows), WAVE)]
        warmth = 1.0 if raw else temperature
        pool = ThreadPoolExecutor(ABREAST, thread_name_prefix="remote")
        try:
            asked = [
                pool.submit(self._texts, brief, wishes[rows[0]], len(rows), seed * 1_000_003 + rows[0] * 1_009, warmth)
                for rows in waves
            ]
            for rows, texts in zip(waves, asked, strict=True):
                for row, choice in zip(rows, texts.result(), strict=True):
                    wish = wishes[row]
                    lead = wish.lead(brief)
                    text = wish.end(brief, _after(lead, choice.text))
                    avoid = frozenset() if lead else (worn or {}).get(wish.slot, frozenset())
                    ids = tuple(zlib.crc32(w.lower().encode()) for w in text.split())
                    why = _why(choice, text, ids, wish, brief, raw, avoid)
                    yield wish, Sample(row, text, ids, choice.logprobs, why)
        finally:  # also when the draft is left
            pool.shutdown(wait=False, cancel_futures=True)

    def _texts(self, brief: Brief, wish: Wish, count: int, seed: int, temperature: float) -> list[_Choice]:
        """`count` choices for one prompt. A server that gives fewer at once is asked again."""
        template = TEMPLATES[brief.placement, wish.slot]
        point = wish.point if self.state.points else ""
        asked = (few_shot(template, "benefit") if self.examples else "") + prompt(brief, template, wish.angle, point)
        asked += wish.lead(brief)
        tokens = terms_of(brief.placement, wish.slot).tokens
        found: list[_Choice] = []
        while len(found) < count:
            body = self._body(asked, count - len(found), tokens, (seed + len(found)) % 2**31, temperature)
            found += _choices(self.server, self.server.ask("completions", body))
        return found[:count]

    def _body(self, asked: str, count: int, tokens: int, seed: int, temperature: float) -> dict[str, Any]:
        body = {"model": self.model, "prompt": asked, "n": count, "max_tokens": tokens, "seed": seed}
        body |= {"temperature": temperature, "top_p": 1.0, "logprobs": 1}
        return body | ({"stop": ["\n"]} if self.examples else {})

    def _only_model(self) -> str:
        answer = self.server.ask("models")
        rows = answer.get("data") if isinstance(answer, dict) else None
        names = [r["id"] for r in rows if isinstance(r, dict) and isinstance(r.get("id"), str)] if rows else []
        if len(names) != 1:
            several = f"serves {len(names)} models ({', '.join(names[:5])})" if names else "names no model"
            raise RemoteError(f"The writer's server {self.server.name} {several}; set RELATE_POLICY_MODEL to one.")
        return names[0]


def _after(lead: str, written: str) -> str:
    """The text that begins with `lead`; "" where nothing was written. Some servers take the first blank away."""
    if not written.strip():
        return ""
    blank = " " if lead and written[0].isalnum() else ""
    return f"{lead}{blank}{written}".strip()


def _why(
    choice: _Choice, text: str, ids: Sequence[int], wish: Wish, brief: Brief, raw: bool, worn: frozenset[int]
) -> str:
    """Why a text is dropped, or "": what sampling here would have kept it from."""
    terms = terms_of(brief.placement, wish.slot)
    if not choice.ended:
        return "did not end"
    if not text:
        return "empty"
    if raw:
        return ""
    if width(text) > terms.limit:
        return f"longer than {terms.limit}"
    if ids[0] in worn:
        return "opens like the others"
    return broken(text, brief, exclamation=terms.exclamation)


__all__ = ["RemoteError", "RemotePolicy", "Server"]
