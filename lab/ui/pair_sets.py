"""Sets of pairs: the filtered ones frozen under a name, what was frozen, and pairs to and from other tools' files."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from secrets import token_hex
from typing import Any

import gradio as gr

from lab.errors import LabError, RequestError
from lab.nouns import Dataset
from lab.studio import PairFilter, Studio
from lab.ui.cards import note
from lab.ui.fields import Slots
from lab.ui.look import card
from lab.ui.text import counted, escape, short

Updates = dict[Any, Any]
FORMATS = {"TRL's preference format (.jsonl)": ".jsonl", "Parquet": ".parquet", "CSV": ".csv"}
LARGEST = 5 * 2**20
"""Bytes of a file that the page takes in; the command line takes larger ones."""
_FILTERED = "the filtered pairs"
Filter = Callable[[Mapping[Any, Any]], tuple[PairFilter, str]]


class PairSets:
    """The fold, and what happens to it."""

    def __init__(self, studio: Studio, filter: Filter) -> None:
        """`filter` gives the filter in force, and in words, from the values of the filter's fields."""
        self.studio, self.filter, self.slots = studio, filter, Slots()
        self._scratch = tempfile.TemporaryDirectory(prefix="lab-export-")
        with gr.Accordion(
            "Datasets, export, import", open=False, elem_classes="settings", elem_id="pair-sets"
        ) as self.fold:
            with gr.Row(elem_classes="level"):
                self.name = gr.Textbox(
                    "", label="Freeze the filtered pairs as", max_lines=1, elem_id="set-name", min_width=200,
                    placeholder="a name; the next version of it, where it is taken", scale=3,
                )
                self.freeze = gr.Button("Freeze", elem_id="set-freeze", min_width=90, scale=1)
            self.slots.under("dataset", "filter")
            self.listed = card("", name="set-list")
            with gr.Row(elem_classes="level"):
                self.what = gr.Dropdown([(_FILTERED, "")], value="", label="Export", elem_id="set-what", min_width=160)
                self.format = gr.Dropdown(
                    list(FORMATS.items()), value=".jsonl", label="As", elem_id="set-format", min_width=150
                )
                self.export = gr.Button("Export", elem_id="set-export", min_width=90)
                self.file = gr.DownloadButton("Save the file", elem_id="set-file", visible=False, min_width=120)
            self.slots.under("out", "what")
            self.upload = gr.UploadButton(
                "Import pairs (.jsonl, .parquet or .csv, 5 MB at most)", file_types=[".jsonl", ".parquet", ".csv"],
                elem_id="set-import", size="sm",
            )
            self.slots.under("file")
            self.told = card("", name="set-told")

    def wire(self, fields: set[Any]) -> None:
        """Wire the fold; `fields` are those of the filter."""
        quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None}
        lines = self.slots.components
        self.fold.expand(self.show, None, [self.listed, self.what], **quick)
        self.freeze.click(self.frozen, {*fields, self.name}, [self.listed, self.what, self.told, *lines], **quick)
        self.export.click(
            self.exported, {*fields, self.what, self.format}, [self.file, self.told, *lines], **quick)
        self.upload.upload(self.imported, self.upload, [self.told, *lines], **quick)

    def show(self) -> Updates:
        """The datasets that there are."""
        sets = self.studio.datasets()
        choices = [(_FILTERED, ""), *((f"dataset {one.title}", one.id) for one in sets)]
        return {self.listed: sets_table(sets), self.what: gr.update(choices=choices)}

    def frozen(self, values: Mapping[Any, Any]) -> Updates:
        """Freeze what the filter chooses under the name in the field."""
        try:
            chosen, words = self.filter(values)
            made = self.studio.freeze_pairs(chosen, values[self.name] or "", chosen_by=words)
        except LabError as error:
            return {**self.slots.show(error, "dataset"), self.told: ""}
        told = f"Frozen as {made.title}: {counted(len(made.pairs), 'pair')}. The arm “Stored pairs” can take it."
        return {**self.slots.clear(), **self.show(), self.told: note(told)}

    def exported(self, values: Mapping[Any, Any]) -> Updates:
        """Write the chosen pairs to a file, and offer it."""
        ending = values[self.format] if values[self.format] in FORMATS.values() else ".jsonl"
        try:
            chosen, _ = self.filter(values)
            named = self.studio.dataset(values[self.what]) if values[self.what] else None
            folder = Path(self._scratch.name) / token_hex(8)
            folder.mkdir()
            stem = re.sub(r"[^a-z0-9]+", "-", named.title.lower()).strip("-") if named else "pairs"
            out = folder / f"{stem or 'pairs'}{ending}"
            rows = self.studio.export_pairs(out, dataset=named.id) if named else self.studio.export_pairs(
                out, chosen=chosen)
        except LabError as error:
            return {**self.slots.show(error, "out"), self.file: gr.update(visible=False), self.told: ""}
        told = note(f"{out.name} is ready: {counted(rows, 'pair')}.")
        return {**self.slots.clear(), self.file: gr.update(value=str(out), visible=True), self.told: told}

    def imported(self, path: str | None) -> Updates:
        """Take in the pairs of an uploaded file, all of them or none."""
        try:
            new = self.studio.import_pairs(self._uploaded(path))
        except LabError as error:
            return {**self.slots.show(error, "file"), self.told: ""}
        told = f"Taken in: {counted(new, 'new pair')}." if new else "Nothing in it is new."
        return {**self.slots.clear(), self.told: note(told)}

    def _uploaded(self, path: str | None) -> Path:
        """The file, if it is one that this page received. RequestError for any other path, and for a large one."""
        place = Path(path or "").resolve()
        if not path or not place.is_relative_to(Path(self.upload.GRADIO_CACHE).resolve()) or not place.is_file():
            raise RequestError("No file arrived: choose one again.", field="file")
        if place.stat().st_size > LARGEST:
            raise RequestError("The file is larger than 5 MB: use `python -m lab import`.", field="file")
        return place


def sets_table(sets: Sequence[Dataset]) -> str:
    """The datasets with what they were chosen by."""
    if not sets:
        return note("No dataset yet. One that was frozen never changes, and can be trained on by name.")
    rows = "".join(
        f'<tr><th scope="row">{escape(one.title)}</th><td>{counted(len(one.pairs), "pair")}</td>'
        f"<td>{escape(short(one.chosen_by, 60))}</td><td><code>{escape(one.id)}</code></td>"
        f"<td>{one.created:%Y-%m-%d %H:%M}</td></tr>" for one in sets)
    head = "".join(f'<th scope="col">{name}</th>' for name in ("Dataset", "Pairs", "Chosen by", "Hash", "Frozen (UTC)"))
    return f'<div class="scroll"><table class="last"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
