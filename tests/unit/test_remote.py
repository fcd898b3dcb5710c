"""The writer behind a server, against a small server in this process: what is asked, dropped and said."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest

from app.services.trouble import sentence
from relate_engine import draft as engine
from relate_engine.brief import Brief
from relate_engine.config import ASSETS, Settings
from relate_engine.policy import remote
from relate_engine.policy.acceptance import KINDS, SIGNALS, Acceptance, Fit
from relate_engine.policy.guards import broken
from relate_engine.policy.prompt import HEADLINE_30, few_shot, prompt
from relate_engine.policy.remote import RemoteError, RemotePolicy
from relate_engine.policy.writer import Wish
from relate_engine.rewards.rules import load_rules
from tests.cards import card

BRIEF = Brief(
    placement="google_rsa", product="Oak Desk", description="A desk of solid oak, 120 cm wide, from $299.",
    benefits=("delivered in 3 days",),
)  # fmt: skip
REST = len(SIGNALS) - 1  # all but the likelihood count nothing
FIT = Fit((-20.0,) + (0.0,) * REST, (1.0,) * (REST + 1), (0.5,) + (0.0,) * REST, 0.3)
ACCEPTANCE = Acceptance(dict.fromkeys(KINDS, FIT), "1")
WISH = Wish("headline", "benefit")
Reply = tuple[int, Any, dict[str, str]]


@dataclass
class Fake:
    """The server's address, what it was asked, and `reply`: status, body (bytes as they are) and headers."""

    url: str = ""
    asked: list[tuple[str, dict[str, Any], str]] = field(default_factory=list)
    reply: Callable[[str, dict[str, Any]], Reply] = lambda path, body: (200, choices(["Solid oak"] * body["n"]), {})


def choices(texts: list[str], **more: Any) -> dict[str, Any]:
    told = {"token_logprobs": [-1.0, -2.0]}
    return {"choices": [{"text": t, "finish_reason": "stop", "logprobs": told} | more for t in texts]}


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(remote, "WAITS", (0.01, 0.01))
    state = Fake()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "{}")
            state.asked.append((self.path, body, self.headers.get("Authorization", "")))
            status, answer, headers = state.reply(self.path, body)
            data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST  # noqa: N815

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    yield state
    server.shutdown()
    server.server_close()


def policy(fake: Fake, **more: Any) -> RemotePolicy:
    given = {"url": fake.url, "model": "writer", "key": "", "acceptance": ACCEPTANCE} | more
    return RemotePolicy(**given)


def test_texts_are_asked_for_with_the_prompt_the_writer_was_trained_on(fake: Fake) -> None:
    writer = policy(fake, key="s3cret", url=f"{fake.url}/v1/")
    wishes = [WISH, Wish("description", "proof"), WISH]
    got = list(writer.write(BRIEF, wishes, seed=4, temperature=0.8))
    assert sorted(s.branch for _, s in got) == [0, 1, 2] and all(wishes[s.branch] == w for w, s in got)
    assert {(s.text, s.logprobs, s.why) for _, s in got} == {("Solid oak", (-1.0, -2.0), "")}
    bodies = {body["max_tokens"]: body for path, body, _ in fake.asked if path == "/v1/completions"}
    assert bodies[18]["prompt"] == prompt(BRIEF, HEADLINE_30, "benefit") and bodies[18]["n"] == 2
    assert (bodies[18]["model"], bodies[18]["temperature"], "stop" in bodies[18]) == ("writer", 0.8, False)
    assert {key for *_, key in fake.asked} == {"Bearer s3cret"}
    assert writer.version == "remote:writer" and writer.path == f"remote writer at {writer.server.name}"
    assert writer.state.trained and "s3cret" not in repr(Settings(policy_key="s3cret"))  # type: ignore[arg-type]


def test_a_model_not_trained_here_is_shown_examples_and_stops_at_the_line(fake: Fake) -> None:
    list(policy(fake, examples=True).write(BRIEF, [WISH], seed=0))
    body = fake.asked[-1][1]
    assert body["prompt"].startswith(few_shot(HEADLINE_30, "benefit")) and body["stop"] == ["\n"]


def test_each_point_is_asked_for_on_its_own_and_examples_show_none(fake: Fake) -> None:
    wishes = [Wish("headline", "benefit", point) for point in ("Solid oak", "Two drawers", "Solid oak")]
    got = list(policy(fake).write(BRIEF, wishes, seed=0))
    assert all(wishes[s.branch] == w for w, s in got) and len(got) == 3
    asked = {body["prompt"]: body["n"] for path, body, _ in fake.asked if "Point:" in body["prompt"]}
    assert asked == {prompt(BRIEF, HEADLINE_30, "benefit", p): n for p, n in (("Solid oak", 2), ("Two drawers", 1))}
    list(policy(fake, examples=True).write(BRIEF, wishes, seed=0))
    assert "Point:" not in fake.asked[-1][1]["prompt"] and fake.asked[-1][1]["n"] == 3


def test_words_that_must_be_said_begin_or_end_the_text(fake: Fake) -> None:
    fake.reply = lambda path, body: (200, choices([" of solid oak"] * body["n"]), {})
    wishes = [replace(WISH, say="Oak Desk"), replace(WISH, say="FSC")]
    got = [s.text for _, s in sorted(policy(fake).write(BRIEF, wishes, seed=0), key=lambda pair: pair[1].branch)]
    assert got == ["Oak Desk of solid oak", "of solid oak. FSC."]
    asked = {body["prompt"] for _, body, _ in fake.asked}
    assert prompt(BRIEF, HEADLINE_30, "benefit") + "Oak Desk" in asked


def test_a_lead_with_nothing_behind_it_is_empty_and_a_lost_blank_is_put_back(fake: Fake) -> None:
    for written, expected in (("", ("", "empty")), (" ", ("", "empty")), ("of oak", ("Oak Desk of oak", ""))):
        fake.reply = lambda path, body, text=written: (200, choices([text] * body["n"]), {})  # type: ignore[misc]
        ((_, got),) = policy(fake).write(BRIEF, [replace(WISH, say="Oak Desk")], seed=0)
        assert (got.text, got.why) == expected


def test_a_server_that_gives_one_text_at_a_time_is_asked_on_with_other_seeds(fake: Fake) -> None:
    fake.reply = lambda path, body: (200, choices([f"Oak {body['seed'] % 97}"], logprobs=None), {})
    writer = policy(fake)
    got = list(writer.write(BRIEF, [WISH] * 5, seed=1))
    assert len(got) == 5 and len({body["seed"] for _, body, _ in fake.asked[1:]}) == 5
    assert writer.path.endswith(", no log-probabilities")
    # worked by hand: likelihood is 20 over average, which would be 0.5 · 20; counted as average only 0.3 is left
    assert ACCEPTANCE.probability((0.0,) * len(SIGNALS), 30) > 0.99
    assert writer.acceptance.probability((0.0,) * len(SIGNALS), 30) == pytest.approx(0.5744, abs=1e-4)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Solid oak, 120 cm wide", ""),
        ("Delivered in 3 days from $299", ""),
        ("Solid oak, 150 cm wide", "holds a number that the brief does not: 150"),
        ("Now 20% off", "holds a character that the brief does not: %"),
        ("Solid oak für alle", "holds a character that the brief does not: ü"),
        ("Solid oak at last!", "holds an exclamation mark, which this slot may not"),
        ("Visit www.oak.example", "holds markup, a line break or doubled marks"),
        ("Solid oak\nDescription", "holds markup, a line break or doubled marks"),
        ("Solid\x00oak", "holds markup, a line break or doubled marks"),
        ("A desk of solid oak for every home office", "longer than 30"),
        ("  ", "empty"),
    ],
)
def test_what_decoding_would_not_have_written_is_dropped_with_the_reason(fake: Fake, text: str, why: str) -> None:
    fake.reply = lambda path, body: (200, choices([text] * body["n"]), {})
    writer = policy(fake)
    ((_, sample),) = writer.write(BRIEF, [WISH], seed=0)
    assert sample.why == why
    ((_, raw),) = writer.write(BRIEF, [WISH], seed=0, raw=True)
    assert raw.why == ("empty" if why == "empty" else "") and fake.asked[-1][1]["temperature"] == 1.0


def test_a_cut_text_and_a_worn_opening_are_dropped(fake: Fake) -> None:
    fake.reply = lambda path, body: (200, choices(["Solid oak", "solid desk", "Oak desk"][: body["n"]]), {})
    writer = policy(fake)
    first = [s for _, s in writer.write(BRIEF, [WISH] * 3, seed=0)]
    assert first[0].ids[0] == first[1].ids[0] != first[2].ids[0]
    worn = {"headline": frozenset({first[0].ids[0]})}
    again = [s.why for _, s in writer.write(BRIEF, [WISH] * 3, seed=0, worn=worn)]
    assert again == ["opens like the others", "opens like the others", ""]
    fake.reply = lambda path, body: (200, choices(["Solid"], finish_reason="length"), {})
    assert [s.why for _, s in writer.write(BRIEF, [WISH], seed=0)] == ["did not end"]


def test_a_draft_by_a_server_shows_what_passes_and_names_it(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through draft.py: a text that the rules block is dropped, like any other."""
    monkeypatch.setattr(engine, "score_texts", lambda _r, _b, texts, *_: [card(t.text) for t in texts])
    monkeypatch.setattr(engine, "relevance", lambda _e, texts, _b: [(1.0, [])] * len(texts))
    lines = ["A desk of solid oak", "Delivered in 3 days", "The best desk in the world", "Only 50 left"]
    fake.reply = lambda path, body: (200, choices([lines[i % 4] for i in range(body["n"])]), {})
    rewards: Any = SimpleNamespace(rules=load_rules(ASSETS / "rules"), encoder=None, version="ctr-1")
    events = list(engine.draft(policy(fake), rewards, BRIEF, {"headline": 2}, angle="benefit"))
    made = [e.draft for e in events if isinstance(e, engine.Drafted)][-1]
    assert {c.text for c in made.candidates} == {"A desk of solid oak", "Delivered in 3 days"}
    reasons = {d.text: d.reason for d in made.dropped if d.reason != "written twice"}
    assert reasons["Only 50 left"] == "holds a number that the brief does not: 50"
    assert made.versions["policy"] == "remote:writer" and made.versions["path"].startswith("remote writer at 127.0.0.1")


def test_the_only_model_is_taken_and_of_several_one_must_be_named(fake: Fake) -> None:
    def reply(path: str, body: dict[str, Any]) -> Reply:
        return 200, {"data": [{"id": n} for n in names]} if path == "/v1/models" else choices(["x"]), {}

    fake.reply, names = reply, ["relate-2"]
    assert policy(fake, model="").version == "remote:relate-2"
    names = ["base", "relate-2"]
    with pytest.raises(RemoteError, match=r"serves 2 models \(base, relate-2\); set RELATE_POLICY_MODEL to one"):
        policy(fake, model="")


def test_a_busy_server_is_asked_again(fake: Fake) -> None:
    left = [429, 503]

    def reply(path: str, body: dict[str, Any]) -> Reply:
        return (left.pop(), {}, {"Retry-After": "0"}) if left else (200, choices(["Oak"]), {})

    fake.reply = reply
    assert policy(fake).version == "remote:writer" and len(fake.asked) == 3


MISSING = {"error": {"message": "The model `writer` does not exist.", "code": 404}}
HTML = b"<html>hello</html>"


@pytest.mark.parametrize(
    ("status", "body", "headers", "said"),
    [
        (401, {}, {}, "refuses the key (401); set RELATE_POLICY_KEY."),
        (404, MISSING, {}, "has no such model (it said: The model `writer` does not exist); set RELATE_POLICY_MODEL"),
        (404, {"detail": "Not Found"}, {}, "has no /v1/completions (404); RELATE_POLICY_URL must name"),
        (429, {"message": "slow down"}, {}, "is too busy (429) (it said: slow down); try again later."),
        (503, {}, {"Retry-After": "900"}, "is too busy (503) (it said: {}); try again later."),
        (500, b"Internal\nServer Error", {}, "answered 500 (it said: Internal Server Error); see that server's log."),
        (302, b"", {"Location": "http://127.0.0.1:9/"}, "answered 302; see that server's log."),
        (200, HTML, {}, "gave an answer that is no completion (no JSON); RELATE_POLICY_URL must name"),
        (200, {"choices": []}, {}, "gave an answer that is no completion (no choices)"),
        (200, {"choices": [{"message": {}}]}, {}, "gave an answer that is no completion (a choice without text)"),
        (200, [1], {}, "gave an answer that is no completion (no choices)"),
    ],
)
def test_what_the_server_refuses_is_one_sentence(
    fake: Fake, status: int, body: Any, headers: dict[str, str], said: str
) -> None:
    fake.reply = lambda *_: (status, body, headers)
    with pytest.raises(RemoteError) as found:
        policy(fake)
    told = sentence(found.value, "The writer")
    assert told.startswith(f"The writer's server {fake.url.removeprefix('http://')} ") and said in told
    assert "\n" not in told and len(told) < 300


def test_a_server_that_is_not_there_hangs_or_breaks_off_is_told_apart(
    fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RemoteError, match=r"127\.0\.0\.1:9 cannot be reached \(Connection refused\); start it, or"):
        policy(fake, url="http://127.0.0.1:9")
    monkeypatch.setattr(remote, "TIMEOUT", 0.2)
    fake.reply = lambda *_: (time.sleep(1), (200, {}, {}))[1]
    with pytest.raises(RemoteError, match="gave no answer within 0 s; try again later"):
        policy(fake)
    for url in ("file:///etc/hosts", "host:8000", "http://user:pass@host", "http://host:x"):
        with pytest.raises(RemoteError, match="RELATE_POLICY_URL is no address like http://host:8000") as found:
            policy(fake, url=url)
        assert "pass@" not in str(found.value)
    with pytest.raises(RemoteError, match="RELATE_POLICY_KEY holds characters"):
        policy(fake, key="a\nb")


def test_a_server_that_dies_while_drafting_ends_the_draft_with_its_sentence(fake: Fake) -> None:
    writer = policy(fake)
    fake.reply = lambda *_: (500, {"error": "out of memory"}, {})
    with pytest.raises(RemoteError, match="answered 500"):
        list(writer.write(BRIEF, [WISH], seed=0))


def test_broken_speaks_of_finished_texts_as_the_guards_do_of_tokens() -> None:
    assert broken("Solid oak!", BRIEF, exclamation=True) == ""
    assert broken("12 cm", BRIEF, exclamation=True) == "holds a number that the brief does not: 12"
