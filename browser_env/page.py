"""A tab: its documents and frames, evaluation in the page's world and in an isolated one, and raw input."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Self, TypeVar

from browser_env.devtools import ConnectionLostError, DevTools, DevToolsError, look_away
from browser_env.documents import Documents
from browser_env.drawing import Drawing, FrameControl
from browser_env.errors import (
    ActionError,
    BlockedError,
    BrowserCrashedError,
    DialogOpenError,
    DocumentGoneError,
    InfraError,
)
from browser_env.observation import Dialog
from browser_env.outbox import MAX_BODY, Outbox
from browser_env.scripts import ISOLATED_WORLD, InitScript, reading_scripts
from browser_env.traffic import Traffic
from browser_env.turning import TELL, Turns

T = TypeVar("T")

DOCUMENT_RETRIES = 50  # a page may move on so often while it is being read
PUMP_PAUSE_S = 0.01  # between frames drawn while something is awaited
SLICE_MS = 20.0  # documents that share a page take turns of so much page time
WAITS_FOR_FRAME = ("mouseMoved", "mouseWheel")  # events that are held back until the next frame
GONE = ("context", "navigated", "Promise was collected")  # words of errors that mean a document was replaced


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A document in a page: the page's own, or one in an iframe."""

    page: Page
    id: str
    parent: int | None = None  # index in ``page.frames``
    index: int = 0  # position in the parent's ``window.frames``

    async def evaluate(self, expression: str, *, isolated: bool = True) -> Any:
        """Return the JSON value of an expression; raise :class:`DocumentGoneError` where the frame is gone."""
        return await self.page.evaluate(expression, isolated=isolated, frame_id=self.id)


class Page:
    """A tab of a context."""

    def __init__(
        self, *, target_id: str, session: str, devtools: DevTools, control: FrameControl, viewport: tuple[int, int]
    ):
        self.id = target_id  # also the id of its main frame
        self.session = session
        self.viewport = viewport  # width, height in CSS px
        self.url = "about:blank"
        self.traffic = Traffic()  # told by the session that reads the page, so never later than it
        self.outbox: Outbox | None = None  # told of what the page sends, where somebody wants to know
        self.dialog: Dialog | None = None
        self.on_dialog: Callable[[Page], None] | None = None  # is told when one opens
        self.aims: dict[str, tuple[float, float]] = {}  # where to click on elements, if nothing was asked of it since
        self.crashed = False  # its renderer died
        self.closed = False
        self.unresponsive = False  # a command timed out: only ending the page or the browser is sure to help
        self.elapsed_ms = 0.0  # page time of the episode
        self._devtools = devtools
        self._call_timeout_s = control.call_timeout_s
        self.drawing = Drawing(self, control)
        self.documents = Documents(target_id)
        self._workers: set[str] = set()  # sessions of the page's workers
        self._in_flight: set[asyncio.Future[Any]] = set()
        self._moved = asyncio.Event()  # set when the address changes
        self._committed = asyncio.Event()  # set when another document is shown
        self._loaded = asyncio.Event()  # set by the load event of the document shown
        self._last_script: asyncio.Future[Any] | None = None
        self._setting_up: list[asyncio.Future[Any]] = []
        self.turns = Turns(self)

    def start(self, scripts: Sequence[InitScript]) -> None:
        """Send everything that has to be in force before the first script of the tab's first document."""
        self._listen()
        width, height = self.viewport
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        commands: list[tuple[str, dict[str, Any]]] = [
            ("Page.enable", {}),
            ("Network.enable", {"maxPostDataSize": MAX_BODY}),
            *(("Page.addScriptToEvaluateOnNewDocument", _registration(s)) for s in (*reading_scripts(), *scripts)),
            ("Runtime.enable", {}),
            ("Runtime.addBinding", {"name": TELL, "executionContextName": ISOLATED_WORLD}),
            ("Target.setAutoAttach", {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True}),
            ("Emulation.setDeviceMetricsOverride", metrics),
            ("Emulation.setFocusEmulationEnabled", {"enabled": True}),
            ("Page.setInterceptFileChooserDialog", {"enabled": True}),
            ("Animation.enable", {}),
            ("Animation.setPlaybackRate", {"playbackRate": self.drawing.time_scale}),
        ]
        self._setting_up = [self._devtools.send(method, params, session=self.session) for method, params in commands]

    def run(self) -> None:
        """Let the tab's first document begin."""
        self._setting_up.append(self._devtools.send("Runtime.runIfWaitingForDebugger", session=self.session))

    def replace_last_script(self, script: InitScript) -> None:
        """Have a script run after all others in documents that open from now on, in place of the last such script."""
        if self._last_script is not None and self._last_script.done() and not self._last_script.exception():
            old = self._last_script.result()["identifier"]
            self.command("Page.removeScriptToEvaluateOnNewDocument", {"identifier": old})
        self._last_script = self.command("Page.addScriptToEvaluateOnNewDocument", _registration(script, now=False))

    async def ready(self) -> Self:
        """Wait until :meth:`start` has taken effect."""
        waiting, self._setting_up = self._setting_up, []
        if waiting:
            await self.bounded(asyncio.gather(*waiting), what="setting a page up")
        return self

    @property
    def frames(self) -> tuple[Frame, ...]:
        """The page's documents, the main one first, each before those inside it."""
        places = self.documents.places()
        return tuple(Frame(page=self, id=id_, parent=parent, index=index) for id_, parent, index in places)

    def on(self, method: str, listener: Callable[[dict[str, Any]], None]) -> None:
        """Call a listener with the parameters of every such DevTools event of this page."""
        self._devtools.on(method, listener, session=self.session)

    @contextlib.contextmanager
    def heard(self, method: str) -> Iterator[list[dict[str, Any]]]:
        """Collect the parameters of every such event while the block runs."""
        events: list[dict[str, Any]] = []
        self._devtools.on(method, events.append, session=self.session)
        try:
            yield events
        finally:
            self._devtools.off(method, events.append, session=self.session)

    def post(self, method: str, params: dict[str, Any] | None = None) -> None:
        """Send one DevTools command and do not wait for its answer."""
        self.command(method, params).add_done_callback(look_away)

    async def send(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send one DevTools command; raise :class:`BrowserCrashedError` where the browser does not answer."""
        self.check_usable()
        result: dict[str, Any] = await self.bounded(self.command(method, params), what=method)
        return result

    async def evaluate(
        self, expression: str, *, isolated: bool = False, frame_id: str = "", user_gesture: bool = False
    ) -> Any:
        """Return the JSON value of an expression; raise :class:`InfraError` where it throws."""
        world = ISOLATED_WORLD if isolated else ""
        for _ in range(DOCUMENT_RETRIES):
            try:
                context = await self._find_world(frame_id or self.id, world)
                result = await self.send(
                    "Runtime.evaluate", _evaluation(expression, context, user_gesture=user_gesture)
                )
                break
            except DocumentGoneError:
                if frame_id not in ("", self.id):
                    raise
                await self.drawing.frame()  # the page is moving on to another document
        else:
            raise BrowserCrashedError("the page kept navigating away and could not be read")
        return self.value_of(result)

    async def begin_evaluation(self, expression: str, *, user_gesture: bool = False) -> asyncio.Future[dict[str, Any]]:
        """Have the isolated world of the page's own document evaluate an expression; see :meth:`value_of`."""
        self.check_usable()
        context = await self._find_world(self.id, ISOLATED_WORLD)
        return self.command("Runtime.evaluate", _evaluation(expression, context, user_gesture=user_gesture))

    @staticmethod
    def value_of(result: dict[str, Any]) -> Any:
        """Return the JSON value that an evaluation came to; raise :class:`InfraError` where it threw."""
        if "exceptionDetails" in result:
            details = result["exceptionDetails"]
            reason = details.get("exception", {}).get("description", details.get("text", ""))
            raise InfraError(f"the page script failed: {reason[:300]}")
        return result["result"].get("value")

    async def advance(self, ms: float) -> dict[str, Any]:
        """Let page time pass in all documents; return how the page's own stands then (see channel.js)."""
        frames = self.frames
        status = await self._advance_main(ms if len(frames) == 1 else 0)
        for slice_ms in _slices(ms) if len(frames) > 1 else ():
            status = await self._advance_main(slice_ms)
            for frame in frames[1:]:
                try:
                    await frame.evaluate(f"webdual.advance({slice_ms})")
                except (DocumentGoneError, InfraError):
                    continue  # it went away, or runs no scripts
        return status

    def note_elapsed(self, status: dict[str, Any]) -> None:
        """Take note of what a status of the page's own document says of page time.

        Raise :class:`InfraError` where it says nothing: then its scripts are not what they were.
        """
        if not isinstance(status.get("elapsed"), int | float):
            raise InfraError("the page does not tell its time; its scripts broke what the environment needs there")
        self.drawing.shown_ms += max(0.0, status["elapsed"] - self.elapsed_ms)
        self.elapsed_ms = max(self.elapsed_ms, status["elapsed"])

    async def begin(self, *, seed: int, elapsed_ms: float = 0.0) -> None:
        """Start the page's clock and chance anew."""
        self.elapsed_ms = elapsed_ms
        await self.evaluate(f"webdual.begin({seed}, {elapsed_ms})", isolated=True)

    async def restart(self, *, seed: int, flush_ms: float, drawn: dict[str, Any]) -> dict[str, Any]:
        """Begin another episode of a suite's page: let what is pending run out, then draw; return what is asked."""
        if len(self.frames) > 1:
            await self.advance(flush_ms)
        call = restart_call(seed=seed, flush_ms=flush_ms, drawn=drawn)
        asked: dict[str, Any] = await self.evaluate(call, isolated=True, user_gesture=True)
        self.note_restart(flush_ms)
        return asked

    def note_restart(self, flush_ms: float) -> None:
        """Take note that an episode has begun after so much page time."""
        self.drawing.shown_ms += flush_ms
        self.elapsed_ms = 0.0

    async def navigate(self, url: str) -> None:
        """Open a URL and wait for its load event, drawing frames meanwhile.

        Raise :class:`BlockedError` where it leads to what is not sent.
        """
        try:
            async with asyncio.timeout(self._call_timeout_s):
                self._committed.clear()
                result = await self.pumped(self.command("Page.navigate", {"url": url}))
                reason = result.get("errorText", "")
                if reason == "net::ERR_ABORTED":
                    raise ActionError("the address opens no page: it is a download, or its answer is empty")
                if reason == "net::ERR_BLOCKED_BY_CLIENT":
                    raise BlockedError(f"{url[:200]} leads to a place that the task does not allow")
                if reason:
                    raise InfraError(f"{url[:200]} did not load: {reason}; see whether its server is up")
                if "loaderId" in result:  # its news may come before the news that the last document is gone
                    await self.pumped(self._committed.wait())
                    await self.pumped(self._loaded.wait())
        except TimeoutError as error:
            self.command("Page.stopLoading")
            raise InfraError(f"{url[:200]} did not load within {self._call_timeout_s:.0f} s") from error

    async def go(self, direction: str) -> None:
        """Go ``back`` or ``forward`` in the history; raise :class:`ActionError` where there is nothing."""
        history = await self.send("Page.getNavigationHistory")
        wanted = history["currentIndex"] + (-1 if direction == "back" else 1)
        if not 0 <= wanted < len(history["entries"]):
            raise ActionError(f"there is no page to go {direction} to")
        self._moved.clear()
        entry = history["entries"][wanted]
        try:
            async with asyncio.timeout(self._call_timeout_s):
                await self.pumped(self.command("Page.navigateToHistoryEntry", {"entryId": entry["id"]}))
                await self.pumped(self._moved.wait())
                await self.pumped(self._loaded.wait())
        except TimeoutError as error:
            self.command("Page.stopLoading")
            raise InfraError(f"{entry['url'][:200]} did not load") from error

    async def unreachable_url(self) -> str:
        """Return the address that failed to load where the browser shows its own error page, else nothing."""
        frame = (await self.send("Page.getFrameTree"))["frameTree"]["frame"]
        return str(frame.get("unreachableUrl", ""))

    async def dispatch(self, events: Sequence[tuple[str, dict[str, Any]]]) -> None:
        """Send trusted input events in order, without waiting for one before the next."""
        self.check_usable()
        if any(params.get("type") == "mouseWheel" for _, params in events):
            await self.drawing.show_scrolling()
        answers = [self.command(method, params) for method, params in events]
        if events and events[-1][1].get("type") in WAITS_FOR_FRAME:
            await self.drawing.hidden_frame()
        if answers:
            await asyncio.wait(answers[-1:], timeout=PUMP_PAUSE_S)  # they are answered in order
            if not all(answer.done() and answer.exception() is None for answer in answers):
                await self.pumped(asyncio.gather(*answers))

    async def answer(self, *, accept: bool, text: str = "") -> None:
        """Answer the open dialog; raise :class:`ActionError` where there is none."""
        if self.dialog is None:
            raise ActionError("no dialog is open")
        self.dialog = None
        await self.bounded(
            self.command("Page.handleJavaScriptDialog", {"accept": accept, "promptText": text}), what="the dialog"
        )

    def await_anew(self, answer: asyncio.Future[Any]) -> asyncio.Future[Any]:
        """Return another future for the answer to a command whose own has failed or is not awaited any more."""
        return self._devtools.await_anew(answer)

    async def stop_scripts(self) -> bool:
        """Break off what the page's scripts are doing; return whether the page then answers."""
        try:
            async with asyncio.timeout(1.0):
                await self._devtools.send("Runtime.terminateExecution", session=self.session)
                await self._devtools.send("Runtime.evaluate", {"expression": "0"}, session=self.session)
        except (DevToolsError, TimeoutError):
            return False
        return True

    def lost(self) -> None:
        """Take note that the tab is gone."""
        self.closed = True
        for session in (self.session, *self._workers):
            self._devtools.forget(session)
        self._workers.clear()

    def command(self, method: str, params: dict[str, Any] | None = None) -> asyncio.Future[Any]:
        """Send a command; its answer fails with our own errors where the page crashes or a dialog opens."""
        self.aims = {}
        answer = self._devtools.send(method, params, session=self.session)
        self._in_flight.add(answer)
        answer.add_done_callback(self._in_flight.discard)
        return answer

    def check_usable(self) -> None:
        """Raise where the page crashed or closed, or shows a dialog."""
        if self.crashed or self.closed:
            raise BrowserCrashedError("the page has crashed" if self.crashed else "the page was closed")
        if self.dialog is not None:
            raise DialogOpenError(f"the page shows a dialog: {self.dialog.message[:200]}")

    async def _advance_main(self, ms: float) -> dict[str, Any]:
        status: dict[str, Any] = await self.evaluate(f"webdual.advance({ms})", isolated=True)
        self.note_elapsed(status)
        return status

    async def pumped(self, waiting: Awaitable[T]) -> T:
        """Draw frames until something is done: pointer moves and loads wait for frames."""
        task = asyncio.ensure_future(waiting)
        task.add_done_callback(look_away)  # it may fail while a frame is drawn, which then fails itself
        deadline = time.monotonic() + self._call_timeout_s
        try:
            await asyncio.sleep(0)
            while not task.done() and time.monotonic() < deadline:
                self.check_usable()
                await self.drawing.frame()
                await asyncio.wait({task}, timeout=PUMP_PAUSE_S)
            return await self.bounded(task, what="input")
        finally:
            task.cancel()

    async def bounded(self, call: Awaitable[T], *, what: str) -> T:
        """Wait for an answer of the browser; raise what of our own errors fits where it fails or does not come."""
        limit_s = self._call_timeout_s
        try:
            async with asyncio.timeout(limit_s):
                return await call
        except TimeoutError as error:
            self.unresponsive = True
            raise BrowserCrashedError(f"the browser did not answer {what} within {limit_s:.0f} s") from error
        except ConnectionLostError as error:
            raise BrowserCrashedError(f"the browser went away during {what}") from error
        except DevToolsError as error:
            if what.startswith(("Runtime.", "Page.createIsolatedWorld")) and any(word in str(error) for word in GONE):
                raise DocumentGoneError(f"the document went away during {what}") from error
            raise BrowserCrashedError(f"the browser failed at {what}: {error}") from error

    async def _find_world(self, frame_id: str, world: str) -> int:
        if (known := self.documents.context(frame_id, world)) is not None:
            return known
        if world:  # the browser's own error page runs no scripts of ours
            return await self._make_world(frame_id, world)
        await self.send("Runtime.disable")
        await self.send("Runtime.enable")
        if (known := self.documents.context(frame_id, world)) is None:
            raise DocumentGoneError("the frame has no document that could be read")
        return known

    async def _make_world(self, frame_id: str, world: str) -> int:
        made = await self.send("Page.createIsolatedWorld", {"frameId": frame_id, "worldName": world})
        context = int(made["executionContextId"])
        for script in reading_scripts():
            if script.isolated:
                await self.send("Runtime.evaluate", {"expression": script.source, "contextId": context})
        self.documents.add_context(frame_id, world, context)
        return context

    def _listen(self) -> None:
        listeners: dict[str, Callable[[dict[str, Any]], None]] = {
            "Network.requestWillBeSent": self._on_request,
            "Network.responseReceived": self._on_answer,
            "Network.loadingFinished": self.traffic.ended,
            "Network.loadingFailed": self.traffic.ended,
            "Page.frameRequestedNavigation": self.traffic.stirred,
            "Page.frameStartedNavigating": self.traffic.stirred,
            "Page.frameAttached": self.documents.attached,
            "Page.frameDetached": self.documents.detached,
            "Page.frameNavigated": self._on_navigated,
            "Page.navigatedWithinDocument": self._on_moved,
            "Page.loadEventFired": lambda _: self._loaded.set(),
            "Page.javascriptDialogOpening": self._on_dialog,
            "Page.javascriptDialogClosed": lambda _: None,
            "Runtime.executionContextCreated": self.documents.context_made,
            "Runtime.executionContextDestroyed": self.documents.context_gone,
            "Runtime.executionContextsCleared": self.documents.context_gone,
            "Target.attachedToTarget": self._on_worker,
            "Target.detachedFromTarget": self._on_worker_gone,
            "Inspector.targetCrashed": self._on_crash,
        }
        for method, listener in listeners.items():
            self.on(method, listener)

    def _on_request(self, event: dict[str, Any]) -> None:
        if event["loaderId"]:  # else a worker's script, whose end this session is not told
            self.traffic.began(event)
            if self.outbox is not None:
                self.outbox.asked(event)

    def _on_answer(self, event: dict[str, Any]) -> None:
        if self.outbox is not None:
            self.outbox.answered(event)

    def _on_worker(self, event: dict[str, Any]) -> None:
        """Count what a worker of the page asks the network for."""
        session = event["sessionId"]
        self._workers.add(session)
        began, ended = partial(self.traffic.began, worker=session), partial(self.traffic.ended, worker=session)
        self._devtools.on("Network.requestWillBeSent", began, session=session)
        for method in ("Network.loadingFinished", "Network.loadingFailed"):
            self._devtools.on(method, ended, session=session)
        for method in ("Network.enable", "Runtime.runIfWaitingForDebugger"):
            self._devtools.post(method, session=session)

    def _on_worker_gone(self, event: dict[str, Any]) -> None:
        self._workers.discard(event["sessionId"])
        self._devtools.forget(event["sessionId"])
        self.traffic.worker_gone(event["sessionId"])

    def _on_navigated(self, event: dict[str, Any]) -> None:
        frame = event["frame"]
        self.documents.navigated(frame["id"])
        if frame["id"] == self.id:
            self.url = frame["url"] + frame.get("urlFragment", "")
            self.traffic.document_changed(frame["loaderId"])
            self._loaded.clear()
            self._moved.set()
            self._committed.set()

    def _on_moved(self, event: dict[str, Any]) -> None:
        if event["frameId"] == self.id:
            self.url = event["url"]
            self._moved.set()

    def _on_dialog(self, event: dict[str, Any]) -> None:
        if event["type"] == "beforeunload":  # a person who leaves wants to leave
            self._devtools.send("Page.handleJavaScriptDialog", {"accept": True}, session=self.session)
            return
        self.dialog = Dialog(kind=event["type"], message=event["message"], default=event.get("defaultPrompt", ""))
        self.stand_still(self.dialog)
        if self.on_dialog is not None:
            self.on_dialog(self)

    def stand_still(self, dialog: Dialog) -> None:
        """Have what is under way fail, as a dialog has opened: the page's own, or that of a tab in the same process."""
        self.drawing.hold()
        self._fail_in_flight(DialogOpenError(f"the page shows a dialog: {dialog.message[:200]}"))

    def _on_crash(self, event: dict[str, Any]) -> None:
        self.crashed = True
        self._fail_in_flight(BrowserCrashedError("the page has crashed"))

    def _fail_in_flight(self, error: Exception) -> None:
        for answer in list(self._in_flight):
            if not answer.done():
                answer.set_exception(error)
                answer.exception()  # nobody may be left to look at it


def restart_call(*, seed: int, flush_ms: float, drawn: dict[str, Any]) -> str:
    """Return the expression that begins another episode of a suite's page (see channel.js)."""
    return f"webdual.restart({seed}, {flush_ms}, {json.dumps(drawn)})"


def _evaluation(expression: str, context: int, *, user_gesture: bool) -> dict[str, Any]:
    how = {"returnByValue": True, "awaitPromise": True, "userGesture": user_gesture}
    return {"expression": expression, "contextId": context, **how}


def _registration(script: InitScript, *, now: bool = True) -> dict[str, Any]:
    world = {"worldName": ISOLATED_WORLD} if script.isolated else {}
    return {"source": script.source, "runImmediately": now, **world}


def _slices(ms: float) -> list[float]:
    whole = int(ms // SLICE_MS)
    rest = ms - whole * SLICE_MS
    return [SLICE_MS] * whole + ([rest] if rest > 0 else [])
