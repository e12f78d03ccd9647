"""A tab of a browser as the server sees it: it fires the page's events over HTTP and waits for what comes of them.

Gradio's own protocol: an event is put into the queue (`queue/join`), and what becomes of it arrives on the stream of
the tab (`queue/data`). Which events there are, and which fields go with them, the page's configuration says. What a
browser then draws is not part of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from secrets import token_hex
from time import perf_counter
from types import TracebackType
from typing import Any, Self

import httpx

from lab.errors import WorkError

PATIENCE = 120.0
"""Seconds after which an event counts as lost: no limit that anything is judged by."""


class Tab:
    """One open tab with a session of its own. Close it, or use it as a context manager."""

    def __init__(self, url: str) -> None:
        """Read the configuration of the page at `url`."""
        self._http = httpx.Client(base_url=url, timeout=PATIENCE)
        self._session = token_hex(6)
        config = self._http.get("config").raise_for_status().json()
        self._events = config["dependencies"]
        self._endpoints = self._http.get("gradio_api/info").raise_for_status().json()["named_endpoints"]
        self._values = {c["id"]: c.get("props", {}).get("value") for c in config["components"]}
        self._names: dict[str, int] = {}
        for component in config["components"]:
            props = component.get("props", {})
            if component["type"] in ("timer", "tabitem"):
                self._names[f"{component['type']} {props.get('id') or ''}".strip()] = component["id"]
            elif props.get("elem_id"):
                self._names[props["elem_id"]] = component["id"]

    def __enter__(self) -> Self:
        """The tab."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close it."""
        self._http.close()

    def fire(
        self, name: str, event: str, values: Mapping[str, Any] | None = None, detail: Mapping[str, Any] | None = None
    ) -> tuple[float, dict[str, Any]]:
        """Fire `event` of the component with this element id ("timer", "tabitem runs"), and wait until it is over.

        `values` are what fields hold, by element id, from here on; `detail` is the event's own data. Returns the
        seconds from the request to the last answer of its chain, and the first answer. WorkError for an event that
        there is not or that failed.
        """
        self._values |= {self._names[field]: value for field, value in (values or {}).items()}
        return self._fire_on(self._names[name], event, detail)

    def poll(self) -> float:
        """One tick of the page's timer, and what it sets off when there is something new; the seconds of both."""
        seconds, said = self.fire("timer", "tick")
        for state in said.get("changed_state_ids") or ():
            seconds += self._fire_on(state, "change", None)[0]
        return seconds

    def call(self, name: str, **given: Any) -> Any:
        """What a public endpoint says to these arguments, the others at their defaults. WorkError when it fails."""
        wanted = next(e for e in self._events if e["api_name"] == name)
        asked = self._endpoints[f"/{name}"]["parameters"]
        data = [given.get(each["parameter_name"], each.get("parameter_default")) for each in asked]
        return self._run(wanted["id"], data, None, None)[1]["data"][0]

    def _fire_on(self, component: int, event: str, detail: Mapping[str, Any] | None) -> tuple[float, dict[str, Any]]:
        fired = [e for e in self._events if [component, event] in [list(target) for target in e["targets"]]]
        while fired and not fired[0]["backend_fn"]:  # what a browser does by itself; the server hears what follows
            fired = [e for e in self._events if e["trigger_after"] == fired[0]["id"]]
        if not fired:
            raise WorkError(
                f"The page has no event {event!r} of component {component}: the bench is older than the page.")
        seconds, said = 0.0, dict[str, Any]()
        while fired:  # what is asked for after it belongs to it
            took, told = self._run(fired[0]["id"], [self._values.get(i) for i in fired[0]["inputs"]], detail, component)
            seconds, said = seconds + took, said or told
            fired = [e for e in self._events if e["trigger_after"] == fired[0]["id"]]
        return seconds, said

    def _run(
        self, function: int, data: list[Any], detail: Mapping[str, Any] | None, trigger: int | None
    ) -> tuple[float, dict[str, Any]]:
        body = {
            "fn_index": function, "data": data, "session_hash": self._session, "event_data": detail,
            "trigger_id": trigger,
        }
        began = perf_counter()
        joined = self._http.post("gradio_api/queue/join", json=body)
        if joined.status_code != httpx.codes.OK:
            raise WorkError(f"The page refused an event ({joined.status_code}): {joined.text[:200]}")
        seconds, said = 0.0, dict[str, Any]()
        with self._http.stream("GET", "gradio_api/queue/data", params={"session_hash": self._session}) as stream:
            for line in stream.iter_lines():
                message = json.loads(line[5:]) if line.startswith("data:") else {}
                if message.get("msg") == "process_completed":
                    seconds, said = perf_counter() - began, message
                if message.get("msg") in ("close_stream", "unexpected_error"):
                    break
        if not said.get("success"):
            raise WorkError(f"An event of the page failed: {str(said.get('output'))[:200]}")
        return seconds, said["output"]
