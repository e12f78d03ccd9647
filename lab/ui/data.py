"""The Data tab: everything that is stored, asked in SQL, with the result as a table, a chart and CSV."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import gradio as gr

from lab.errors import LabError
from lab.studio import Studio
from lab.ui import cards, data_cards
from lab.ui.cards import note
from lab.ui.data_chart import DataChart
from lab.ui.fields import CHOSEN, Slots
from lab.ui.links import LONGEST_SQL, View, linkable
from lab.ui.look import card, heading, running

Updates = dict[Any, Any]
EXAMPLES = (
    ("Runs and what was asked of them", "SELECT number, name, method, scenario, state, step, steps, lam, seed\n"
     "FROM runs ORDER BY number DESC"),
    ("Chart: misaligned answers along each run", "SELECT m.step, m.value AS misaligned, 'run ' || r.number AS run\n"
     "FROM metrics m JOIN runs r ON r.id = m.run_id\nWHERE m.name = 'misaligned' AND r.deleted IS NULL "
     "ORDER BY r.number, m.step"),
    ("Chart: what policy and frozen copy make of the answers", "SELECT speaker, verdict, count(*) AS n\n"
     "FROM reviews GROUP BY ALL ORDER BY speaker, verdict"),
    ("Chart: how sure the reviews are", "SELECT p_flagged, speaker FROM reviews\nWHERE p_flagged IS NOT NULL "
     "ORDER BY hash(id) LIMIT 1000"),
    ("Chart: margins of the pairs as runs went on", "SELECT p.step, p.reference_margin, 'run ' || r.number AS run\n"
     "FROM pairs p JOIN runs r ON r.id = p.run_id\nWHERE p.reference_margin IS NOT NULL AND r.deleted IS NULL\n"
     "ORDER BY hash(p.id) LIMIT 1000"),
    ("How often each question flags", "SELECT q.title, r.speaker, count(*) AS n,\n"
     "       avg((verdict = 'flagged')::INT) AS flagged, avg((verdict = 'unreadable')::INT) AS unreadable\n"
     "FROM reviews r JOIN questions q ON q.id = r.question_id GROUP BY ALL ORDER BY n DESC"),
    ("The last value of each metric", "SELECT r.number AS run, m.name, max(m.step) AS step, arg_max(m.value, m.step) "
     "AS value\nFROM metrics m JOIN runs r ON r.id = m.run_id GROUP BY ALL ORDER BY run DESC, m.name"),
    ("Where policy and frozen copy differ", "SELECT a.reply, p.verdict AS policy, f.verdict AS frozen, p.p_flagged - "
     "f.p_flagged AS gap\nFROM reviews p JOIN reviews f USING (answer_id, question_id) JOIN answers a ON a.id = "
     "answer_id\nWHERE p.speaker = 'policy' AND f.speaker = 'frozen' AND p.verdict <> f.verdict"),
    ("Pairs that the frozen copy prefers least", "SELECT id, state, reference_margin, rejected_reply, chosen_reply\n"
     "FROM pairs ORDER BY reference_margin LIMIT 20"),
)
"""A title and a query; each runs as it stands, on an empty lab too."""
_BUTTON, _RUN, _RUNNING = "sql-run", "Run the query", "Running …"
_BROUGHT = "This query came with the link. Read it, then run it."
_TOO_LONG = (
    f"The link leads here without this query: it takes more than {LONGEST_SQL:,} characters there, or has some that "
    "cannot be seen.")


class DataTab:
    """The widgets of the tab, and what happens to them."""

    def __init__(self, studio: Studio, view: gr.State) -> None:
        self.studio, self.view, self.slots = studio, view, Slots()
        heading(
            "",
            "Everything that happened is in these tables. Ask them anything in SQL: one <b>SELECT</b>, read-only, on a "
            "copy of the data.",
        )
        with gr.Row(equal_height=False):
            with gr.Column(scale=7, min_width=300, elem_classes="sheet"):
                self.example = gr.Dropdown(
                    [title for title, _ in EXAMPLES], value=EXAMPLES[0][0], label="Start from an example",
                    elem_id="sql-example",
                )
                self.text = gr.Textbox(
                    EXAMPLES[0][1], label="Query", lines=5, max_lines=16, elem_id="sql-text"
                )
                self.slots.under("sql")
                self.about = card("", name="sql-about")
                self.button = gr.Button(_RUN, variant="primary", elem_id=_BUTTON)
                self.going = running(data_cards.waits(_BUTTON), "sql-going")
            with gr.Column(scale=5, min_width=300, elem_classes="sheet"):
                heading("<h3>What there is</h3>")
                self.views = card(data_cards.views(studio.views()), name="sql-views")
        self.result = card(
            cards.empty(
                "No result yet", "Run a query: its rows appear here, with a link that saves them as CSV, and a chart."),
            classes="scroll", name="sql-result",
        )
        self.chart = DataChart(view)
        quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None}
        going = [self.button, self.going]
        told = [self.view, self.about, self.result, *going, *self.chart.components, *self.slots.components]
        self.example.select(lambda title: dict(EXAMPLES)[title], self.example, self.text, **CHOSEN)
        at_work = json.dumps([gr.update(value=_RUNNING), data_cards.running(_BUTTON)])
        self.button.click(None, None, going, js=f"() => ({at_work})", api_visibility="private")
        self.button.click(self.run, [self.text, self.view], told, **quick)

    @property
    def laid(self) -> list[Any]:
        """What `lay` updates."""
        return [self.example, self.text, self.about]

    def lay(self, view: View) -> Updates:
        """Put the query that a link brought into its field. It is not run: whoever sends a link could have it be one
        that takes all the time there is, or looks harmless beside what it brings up."""
        if not view.sql:
            return {}
        example = next((title for title, query in EXAMPLES if query == view.sql), None)
        return {self.example: example, self.text: view.sql, self.about: note(_BROUGHT)}

    def run(self, text: str, view: View) -> Updates:
        """Run what stands in the field."""
        over = {self.button: gr.update(value=_RUN), self.going: data_cards.waits(_BUTTON)}
        try:
            result = self.studio.sql(text or "")
        except LabError as error:
            return {**over, **self.slots.show(error, "sql")}
        kept = linkable(text)
        drawn = view.drawn if kept == view.sql else ""
        return {
            **over, **self.slots.clear(), self.result: data_cards.result(result), **self.chart.show(result, drawn),
            self.about: "" if kept else note(_TOO_LONG), self.view: replace(view, sql=kept, drawn=drawn),
        }
