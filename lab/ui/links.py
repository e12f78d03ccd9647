"""What this browser looks at, as ids: kept in `gr.State`, written to the address, read back from a link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from math import isfinite
from urllib.parse import quote_plus, urlencode

from lab.ui.text import visible

TABS = ("conscience", "runs", "pairs", "curves", "studies", "lessons", "data")
"""Tabs in reading order; the first is where a bare address leads."""
BASE = "base"
"""The policy in view before anything was trained."""
_FILTER = "f."
"""What stands before the name of a filter in a link."""
MOST_MEASURES = 6
"""Measures that are drawn at once."""
LONGEST = 200
"""Characters of one value of a link; the rest is cut, ids are far shorter."""
LONGEST_SQL = 4000
"""Characters that a query of SQL may take in a link, as a link spells it: an address stays below the 8 kB that servers
in front of a lab take, as a rule."""
LISTED = 20
"""Runs that a link names at most, of each kind but those on the chart."""
_LISTS = {"runs": 60, "taken": LISTED, "compare": LISTED, "metric": MOST_MEASURES}
"""What has several values in a link, separated by commas, and how many at most."""
_HANGS = {
    "lesson": ("guess", "taken"), "run": ("probe", "at"), "x": ("span",), "logx": ("span",), "sql": ("drawn",),
}
"""What is of one lesson, run, axis or query, and of no other."""
_OWN = {
    "runs": ("run", "probe", "at", "compare", "find"), "pairs": ("pair", "filters"), "studies": ("study",),
    "curves": ("run", "runs", "metrics", "x", "group", "order", "smooth", "log", "logx", "span"),
    "lessons": ("lesson", "guess", "taken"), "data": ("sql", "drawn"),
}
"""What is chosen on a tab and shown on no other, the run apart."""


@dataclass(frozen=True, kw_only=True)
class View:
    """What is on the screen."""

    tab: str = TABS[0]
    """The open tab."""
    question: str = ""
    """Id of the question in view; empty for the default."""
    policy: str = BASE
    """The weights that speak: "base" or "RUN@STEP"."""
    run: str = ""
    """Id of the run in view; empty for the newest. It is on the chart beside the newest ones."""
    compare: tuple[str, ...] = ()
    """Ids of the runs that are laid beside each other; empty for none."""
    find: str = ""
    """What is looked for among the runs; empty for nothing."""
    pair: str = ""
    """Id of the pair in view; empty for none."""
    runs: tuple[str, ...] | None = None
    """Ids of the runs on the chart; None for the newest ones, also those still to come."""
    metrics: tuple[str, ...] = ("misaligned",)
    """The measures that are drawn, one chart under the other; "metric" in a link."""
    x: str = ""
    """The measure that they are drawn over; empty for the step."""
    group: str = ""
    """The setting that curves are grouped by; empty for each run alone."""
    smooth: float = 0.0
    """Weight of the past in the line of a curve, 0 for none to below 1."""
    log: bool = False
    """Whether the curves' y axes are logarithmic."""
    logx: bool = False
    """Whether their x axis is."""
    order: str = ""
    """How the curves are ordered: by run for an empty one, else as in `lab.ui.curve_cards.ORDERS`."""
    span: tuple[float, float] | None = None
    """What the x axis shows, from and to; None for all."""
    filters: tuple[tuple[str, str], ...] = ()
    """What the table of pairs is filtered and sorted by: names as in `lab.ui.pair_filter`, and values."""
    sql: str = ""
    """The query that was run last, or came with the link; empty for none, and for one that no link can hold."""
    drawn: str = ""
    """What its result is drawn as, see `lab.ui.chart_choice.spelled`; empty for what the result suggests; "chart" in a
    link."""
    probe: str = ""
    """Id of the probe prompt whose answers along the run are in view; empty for none."""
    at: int | None = None
    """The step that its slider stands at; None for the last."""
    study: str = ""
    """Name of the study in view; empty for the first."""
    lesson: str = ""
    """Id of the lesson in view; empty for the first."""
    guess: str = ""
    """The prediction made in it, as the place of an option; empty before one is made."""
    taken: tuple[str, ...] = ()
    """Ids of the runs that it started; empty before that."""
    lecture: str = ""
    """Token of the presentation that this page leads or follows; empty for none."""
    leads: bool = False
    """Whether it leads it. In no link: `lab.ui.lecture` finds out from the seat."""
    seat: str = ""
    """By what this tab is known as a leader or a follower: a secret of the browser's, in no link."""

    @property
    def follows(self) -> bool:
        """Whether this page follows somebody's presentation."""
        return bool(self.lecture) and not self.leads

    def query(self) -> str:
        """The address that leads back here: "?tab=runs&run=…"; defaults are left out, and what another tab looks at."""
        values = {
            "tab": self.tab,
            "question": self.question,
            "policy": "" if self.policy == BASE else self.policy,
            "run": self.run if self.tab == "runs" or (self.tab == "curves" and self.runs is None) else "",
            "pair": self.pair if self.tab == "pairs" else "",
            "runs": ",".join(self.runs or ()) if self.tab == "curves" else "",
            "lecture": self.lecture,
        }
        if self.tab == "curves":
            metrics = "" if self.metrics == View.metrics else ",".join(self.metrics)
            values |= {"metric": metrics, "x": self.x, "group": self.group, "order": self.order}
            values |= {"smooth": f"{self.smooth:g}" if self.smooth else ""}
            values |= {"log": "1" if self.log else "", "logx": "1" if self.logx else ""}
            values |= {"span": ",".join(map(repr, self.span)) if self.span else ""}
        if self.tab == "pairs":
            values |= {f"{_FILTER}{name}": value for name, value in self.filters}
        if self.tab == "runs" and self.probe:
            values |= {"probe": self.probe, "at": "" if self.at is None else str(self.at)}
        if self.tab == "runs":
            values |= {"compare": ",".join(self.compare), "find": self.find}
        if self.tab == "studies":
            values |= {"study": self.study}
        if self.tab == "data":
            values |= {"sql": self.sql, "chart": self.drawn}
        if self.tab == "lessons":
            values |= {"lesson": self.lesson, "guess": self.guess, "taken": ",".join(self.taken)}
        return "?" + urlencode({name: value for name, value in values.items() if value}, safe="@,")

    def merged(self, given: View, told: View) -> View:
        """This view, and in it what an event changed that was `given` one and `told` of another.

        What changed here meanwhile stays; but for what hangs on a choice, which goes with the choice that it hangs on.
        """
        mine = {column.name for column in fields(View) if getattr(told, column.name) != getattr(given, column.name)}
        for choice, hanging in _HANGS.items():
            if choice in mine:
                mine |= {*hanging}
            elif getattr(self, choice) != getattr(given, choice):
                mine -= {*hanging}
        return replace(self, **{name: getattr(told, name) for name in mine})

    def follow(self, params: Mapping[str, str]) -> View:
        """Where a link of the page leads: what it does not name stays as it is here."""
        named = {{"metric": "metrics", "chart": "drawn"}.get(name, name) for name in params}
        there, same = View.from_query(params), {column.name for column in fields(View)} - {"tab"} - named
        if there.tab == "pairs" and not there.pair:
            same.discard("filters")  # a link to pairs says which; one to a pair leaves the table as it is
        same |= {"lecture", "leads", "seat"}
        kept = {name: getattr(self, name) for name in same}
        if there.tab == "curves" and there.run and kept.get("runs") is not None:
            kept["runs"] = tuple(dict.fromkeys((*kept["runs"], there.run)))  # beside what is on the chart
        return replace(there, **kept)

    def back(self, params: Mapping[str, str]) -> View:
        """Where the browser's Back leads: a tab as it was left. The others stay, as do question and policy in view."""
        there = View.from_query(params)
        own = [name for name in _OWN.get(there.tab, ()) if name != "run" or there.runs is None]
        return replace(self, tab=there.tab, **{name: getattr(there, name) for name in own})

    @staticmethod
    def from_query(params: Mapping[str, str]) -> View:
        """Read a link. A pair or a run without a tab opens its own tab; an unknown tab opens the first."""
        listed = {
            name: tuple(dict.fromkeys(filter(None, str(params.get(name, "")).split(","))))[:most]
            for name, most in _LISTS.items()
        }
        values = {name: str(value).strip()[:LONGEST] for name, value in params.items() if name not in listed}
        filters = {name.removeprefix(_FILTER): v for name, v in values.items() if name.startswith(_FILTER) and v}
        if values.get("tab") == "pairs" and values.get("run"):
            filters.setdefault("run", values["run"])
        natural = "pairs" if values.get("pair") else "runs" if values.get("run") or listed["compare"] else TABS[0]
        natural = "lessons" if values.get("lecture") else natural
        tab = values.get("tab") or natural
        return View(
            tab=tab if tab in TABS else TABS[0],
            question=values.get("question", ""),
            policy=values.get("policy") or BASE,
            run=values.get("run", ""),
            pair=values.get("pair", ""),
            runs=listed["runs"] or None,
            compare=listed["compare"],
            find=values.get("find", ""),
            metrics=listed["metric"] or View.metrics,
            x=values.get("x", ""),
            group=values.get("group", ""),
            smooth=_weight(values.get("smooth", "")),
            log=values.get("log") == "1",
            logx=values.get("logx") == "1",
            order=values.get("order", ""),
            span=_span(values.get("span", "")),
            filters=tuple(filters.items())[:20],
            sql=linkable(str(params.get("sql", ""))),
            drawn=values.get("chart", ""),
            probe=values.get("probe", ""),
            at=int(values["at"]) if values.get("at", "").isdecimal() and len(values["at"]) < 10 else None,
            study=values.get("study", ""),
            lesson=values.get("lesson", ""),
            guess=values.get("guess", ""),
            taken=listed["taken"],
            lecture=values.get("lecture", ""),
        )


def linkable(sql: str) -> str:
    """A query as a link holds it: nothing in place of one that is too long, or has characters that nobody can see."""
    return sql if len(quote_plus(sql)) <= LONGEST_SQL and visible(sql) == sql else ""


def _weight(text: str) -> float:
    """A smoothing of a link; 0 for what is none."""
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if 0 <= value < 1 else 0.0


def _span(text: str) -> tuple[float, float] | None:
    """A stretch of a link, "10,40"; None for what is none."""
    try:
        low, high = map(float, text.split(","))
    except ValueError:
        return None
    return (low, high) if isfinite(high - low) and low < high else None
