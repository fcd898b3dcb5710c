"""A browser tab without a browser: Streamlit's websocket protocol, as its own page speaks it.

What is real: sign-in at the OpenID provider by its form, the signed cookies, the XSRF token, the session on the
server, each click as the message the page would send, each run of the script. What is not: nothing is drawn, no
component runs, no font or script is fetched. Answers are kept by their place on the page, and what a run did not draw
again is dropped, so `find` sees what a person would see. Written for Streamlit 1.67.
"""

import asyncio
import re
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from typing import Any

from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

PATIENCE_S = 120.0  # an action that takes longer is an error
QUIET_S = 0.7  # after this long without a word, nothing more comes
DONE = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)


class Trouble(RuntimeError):  # noqa: N818
    """The studio answered with an error, or not at all."""


class Quiet(Trouble):
    """Nothing came in the time given."""


@dataclass(frozen=True)
class Seen:
    """An element on the page: its kind (button, markdown, …), its protobuf, the fragment it is in, the run."""

    kind: str
    body: Any
    fragment: str
    run: int


@dataclass
class Tab:
    """One open tab of one person."""

    url: str
    cookies: CookieJar
    socket: ClientConnection | None = None
    seen: dict[tuple[int, ...], Seen] = field(default_factory=dict)
    pages: dict[str, str] = field(default_factory=dict)  # path in the address → hash
    values: dict[str, tuple[str, Any]] = field(default_factory=dict)  # what was typed: widget id → field, value
    page: str = ""  # hash of the page that is open
    query: str = ""
    redirect: str = ""
    run: int = 0
    parts: tuple[str, ...] = ()  # fragments of the run that is under way; () is the whole page

    async def open(self, path: str = "", query: str = "") -> float:
        """Opens the address in this tab, or reloads it; returns the seconds until the page stands."""
        await self.close()
        self.seen, self.values, self.page, self.query = {}, {}, "", query
        began = time.monotonic()
        await asyncio.to_thread(self._get, f"{self.url}/_stcore/health")  # sets the XSRF cookie
        held = {cookie.name: cookie.value or "" for cookie in self.cookies if cookie.domain != "localhost.local"}
        self.socket = await connect(
            self.url.replace("http", "ws", 1) + "/_stcore/stream", origin=self.url, max_size=None, proxy=None,
            subprotocols=["streamlit", held["_streamlit_xsrf"]], ping_interval=None,
            additional_headers={"Cookie": "; ".join(f"{name}={value}" for name, value in held.items())},
        )  # fmt: skip
        await self._ask(page_name=path)
        await self._settled()
        return time.monotonic() - began

    async def close(self) -> None:
        if self.socket:
            await self.socket.close()
            self.socket = None

    async def go(self, path: str) -> float:
        """Follows the link to a page in the bar."""
        began = time.monotonic()
        self.page, self.query, self.values = self.pages[path], "", {}
        await self._ask()
        await self._settled()
        return time.monotonic() - began

    async def press(self, label: str, times: int = 1) -> float:
        """Presses the button with this label, once or in quick succession."""
        found = self.find("button", lambda button: button.label == label and not button.disabled)
        if found is None:
            raise Trouble(f"there is no button '{label}'; the page says: {self.words()[:400]}")
        began = time.monotonic()
        for _ in range(times):
            await self._ask(found, ("trigger_value", True))
        await self._settled()
        took = time.monotonic() - began
        while times > 1 and await self._more():  # whatever the later presses brought
            await self._settled()
        return took

    async def fill(self, kind: str, label: str, value: Any, as_field: str = "string_value") -> float:
        """Types into a field or chooses in a list."""
        found = self.find(kind, lambda widget: widget.label == label)
        if found is None:
            raise Trouble(f"there is no {kind} '{label}'")
        began = time.monotonic()
        self.values[found.body.id] = as_field, value
        await self._ask(found)
        await self._settled()
        return time.monotonic() - began

    async def look_again(self, at: Seen) -> None:
        """What the page does by itself where a part of it, the one with this element, is redrawn on a clock."""
        await self._ask(fragment_id=at.fragment, is_auto_rerun=True)
        while await self._more():
            await self._settled()

    def find(self, kind: str, which: Callable[[Any], bool]) -> Seen | None:
        """The first element of a kind that fits."""
        return next((seen for _, seen in sorted(self.seen.items(), key=lambda item: item[0])
                     if seen.kind == kind and which(seen.body)), None)  # fmt: skip

    def words(self) -> str:
        """All running text on the page."""
        return " | ".join(s.body.body for _, s in sorted(self.seen.items(), key=lambda item: item[0])
                          if s.kind in ("markdown", "heading", "alert"))  # fmt: skip

    def problems(self) -> list[str]:
        """Exceptions and red boxes on the page."""
        found = [f"{s.body.type}: {s.body.message}" for s in self.seen.values() if s.kind == "exception"]
        return found + [s.body.body for s in self.seen.values() if s.kind == "alert" and s.body.format == Alert.ERROR]

    async def sign_in(self, who: str) -> None:
        """From the studio's button over the provider's form and back, with the cookies that makes."""
        await self.open()
        await self.press("Sign in")
        await self.close()
        opener = self._opener()

        def through() -> None:
            with opener.open(urllib.parse.urljoin(self.url, self.redirect), timeout=30) as form:
                here = form.url
            with opener.open(here, urllib.parse.urlencode({"sub": who}).encode(), timeout=30) as back:
                back.read()

        await asyncio.to_thread(through)
        await self.open()

    def _opener(self) -> urllib.request.OpenerDirector:
        cookies = urllib.request.HTTPCookieProcessor(self.cookies)
        return urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies)

    def _get(self, address: str) -> None:
        with self._opener().open(address, timeout=PATIENCE_S) as answer:
            answer.read()

    async def _ask(self, pressed: Seen | None = None, value: tuple[str, Any] | None = None, **more: Any) -> None:
        message = BackMsg()
        asked = message.rerun_script
        asked.query_string, asked.page_script_hash = self.query, self.page
        asked.context_info.timezone, asked.context_info.locale = "Europe/Berlin", "en-US"
        asked.context_info.timezone_offset, asked.context_info.url = -60, self.url
        for name, given in more.items():
            setattr(asked, name, given)
        for widget_id, (name, held) in self.values.items():
            _set(asked.widget_states.widgets.add(id=widget_id), name, held)
        if pressed is not None:
            asked.fragment_id = pressed.fragment
            if value:
                _set(asked.widget_states.widgets.add(id=pressed.body.id), *value)
        assert self.socket is not None
        await self.socket.send(message.SerializeToString())

    async def _settled(self) -> None:
        """Reads until a run has ended well and no other follows from it."""
        end = time.monotonic() + PATIENCE_S
        while True:
            message = await self._next(end - time.monotonic())
            kind = message.WhichOneof("type")
            self._take(kind, message)
            if kind == "script_finished" and message.script_finished in DONE:
                self._drop_old()
                return
            if kind == "auth_redirect":
                return
            if kind == "script_finished" and message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                raise Trouble("the script does not compile")
            if kind == "page_not_found":
                raise Trouble(f"there is no page '{message.page_not_found.page_name}'")

    async def _more(self) -> bool:
        """Whether another run begins within QUIET_S."""
        end = time.monotonic() + QUIET_S
        while True:
            try:
                message = await self._next(end - time.monotonic())
            except Quiet:
                return False
            self._take(message.WhichOneof("type"), message)
            if message.WhichOneof("type") == "new_session":
                return True

    async def _next(self, patience: float) -> ForwardMsg:
        assert self.socket is not None
        try:
            data = await asyncio.wait_for(self.socket.recv(), max(0.01, patience))
        except TimeoutError:
            raise Quiet(f"no answer within {patience:.0f} s") from None
        message = ForwardMsg()
        message.ParseFromString(data if isinstance(data, bytes) else data.encode())
        return message

    def _take(self, kind: str | None, message: Any) -> None:
        if kind == "new_session":
            self.run += 1
            self.page = message.new_session.page_script_hash or self.page
            self.parts = tuple(message.metadata.run.fragment_ids)
        elif kind == "navigation":
            self.pages = {page.url_pathname: page.page_script_hash for page in message.navigation.app_pages
                          if not page.is_hidden}  # fmt: skip
            self.page = message.navigation.page_script_hash
        elif kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        elif kind == "auth_redirect":
            self.redirect = message.auth_redirect.url
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            element = message.delta.new_element
            name = element.WhichOneof("type") or "empty"
            place = tuple(message.metadata.delta_path)
            self.seen[place] = Seen(name, getattr(element, name), message.delta.fragment_id, self.run)

    def _drop_old(self) -> None:
        """A whole run drops all that it did not draw; a fragment's run only what was the fragment's."""
        self.seen = {
            place: seen for place, seen in self.seen.items()
            if seen.run == self.run or (self.parts and seen.fragment not in self.parts)
        }  # fmt: skip


def _set(state: Any, name: str, value: Any) -> None:
    if isinstance(value, list):
        getattr(state, name).data.extend(value)
    else:
        setattr(state, name, value)


def number_in(key: str, words: str) -> int:
    """The number that stands after `key` in an element's id."""
    found = re.search(rf"{key}(\d+)", words)
    if found is None:
        raise Trouble(f"no {key}NUMBER in {words}")
    return int(found[1])
