"""Verbs about the studies of the page: what there is, one in work in the background, and the reports that were written.

One study works at a time, in a thread of its own that asks for runs like anybody else; the one trainer trains them one
after the other. Stopped, or ended with the lab, it goes on from there when it is started again: runs that are done are
not done again. The thread acts for whoever started it, which in a public lab is the owner.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Lock, Thread, current_thread
from typing import Any

from lab.errors import Cancelled, LabError, NotFoundError, RequestError, SpecError, StorageError
from lab.evaluation.studies.plan import Study
from lab.evaluation.studies.plan_file import read_study_text
from lab.nouns import Run, RunState
from lab.studio.studies import StudyVerbs
from lab.views import StudyEntry, StudyProgress, StudyReport

SHIPPED = Path(__file__).parents[2] / "docs" / "studies"
"""The studies that come with the lab."""
PLAN, REPORT = "study.yaml", ("report.md", "table.csv", "report.html")
"""Files of a study's folder: what was asked for, and what came of it."""
LONGEST = 100_000
"""Characters of a study's file."""
_BEAT = 0.5
"""Seconds between two looks whether a study is to stop."""
_ENDING = 60.0
"""Seconds that closing the lab waits for a study to let go."""


class StudyWorkVerbs(StudyVerbs):
    """Studies as a person meets them on the page."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._study_thread: Thread | None = None
        self._study_stop, self._study_lock = Event(), Lock()
        self._study_progress: StudyProgress | None = None

    def admit(self, verb: str) -> None:
        """As for anybody, but what the study in work asks for was admitted when it was started."""
        if current_thread() is not self._study_thread:
            super().admit(verb)

    def close(self) -> None:
        """Stop the study in work, then all else."""
        thread = self._study_thread
        if thread is not None and thread.is_alive():
            self._ask_to_stop()
            thread.join(_ENDING)
        super().close()

    def studies(self) -> list[StudyEntry]:
        """Every study: those that came with the lab, then those of the data folder, by name."""
        shipped = {file.stem: file for file in sorted(SHIPPED.glob("*.yaml"))}
        home = self.settings.home / "studies"
        own = sorted(f.name for f in home.iterdir() if f.is_dir()) if home.is_dir() else []
        return [self._entry(name, name in shipped) for name in dict.fromkeys((*shipped, *own))]

    def study_text(self, name: str) -> str:
        """A study's file: as it was last started from the page, else as it came with the lab; empty where only its
        report is here. NotFoundError for a name that fits none."""
        if name not in {entry.name for entry in self.studies()}:
            raise NotFoundError(f"There is no study {name!r}: choose one, or write it.", field="study")
        for file in (self.settings.home / "studies" / name / PLAN, SHIPPED / f"{name}.yaml"):
            with suppress(FileNotFoundError):
                return file.read_text(encoding="utf-8")
        return ""

    def study_plan(self, text: str, name: str = "study") -> Study:
        """The study that a text describes. SpecError that names the line and the value."""
        if len(text) > LONGEST:
            raise RequestError(f"The study has {len(text):,} characters: shorten it to {LONGEST:,}.", field="study")
        if not text.strip():  # every entry has a default: it would be a study of all arms that nobody asked for
            raise SpecError("The study is empty: choose one, or write what it asks for.", field="study")
        return read_study_text(text, name)

    def start_study(self, text: str, name: str = "study") -> StudyProgress:
        """Begin a study in the background, or go on with it: what is done is not done again.

        Its text is kept in its folder. Raises SpecError for a text that is no study, RequestError while another one is
        at work or for a judge that cannot judge it or is not there, WorkError for one that does not let us in.
        """
        study = self.study_plan(text, name)
        self._check_judge(study)
        for arm in study.arms:  # what cannot run is said now and beside the text, not after an hour
            if not arm.needs:
                self._checked(self._spec(study, arm, study.seeds[0], None))
        with self._study_lock:
            if self._study_progress is not None and self._study_progress.active:
                raise RequestError(
                    f"Study {self._study_progress.name!r} is at work: stop it first.", field="study")
            self._keep_plan(study, text)
            self._study_stop.clear()
            self._study_progress = StudyProgress(
                name=study.name, state="running", total=len(study.arms) * len(study.seeds), at=0,
                doing="judging the base")
            self._study_thread = Thread(target=self._work, args=(study,), name="study", daemon=True)
            self._study_thread.start()
            return self._study_progress

    def stop_study(self) -> StudyProgress | None:
        """Ask the study in work to stop: its run stops at the next token, and what is done is kept."""
        self._ask_to_stop()
        return self._study_progress

    def study_progress(self) -> StudyProgress | None:
        """How the study in work goes, or how the last one ended; None where none was started since the lab opened."""
        return self._study_progress

    def study_report(self, name: str) -> StudyReport | None:
        """The report of a study as it was last written; None before that."""
        folder = self._folder_of(name)
        try:
            files = tuple((file, (folder / file).read_bytes()) for file in REPORT)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageError(f"The report in '{folder}' cannot be read ({error.strerror}): look at it.") from error
        page = files[-1][1].decode("utf-8", "replace")
        return StudyReport(name=name, body=page.partition("<body>")[2].partition("</body>")[0], files=files)

    # -- how -------------------------------------------------------------------------------------------------------
    def _entry(self, name: str, shipped: bool) -> StudyEntry:
        title, report = name, self._folder_of(name) / REPORT[-1]
        with suppress(LabError):
            title = read_study_text(self._text(name, shipped)[:LONGEST], name).title
        when = datetime.fromtimestamp(report.stat().st_mtime, UTC) if report.is_file() else None
        return StudyEntry(name=name, title=title, shipped=shipped, reported=when)

    def _text(self, name: str, shipped: bool) -> str:
        own = self._folder_of(name) / PLAN
        file = own if own.is_file() else SHIPPED / f"{name}.yaml"
        return file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""

    def _folder_of(self, name: str) -> Path:
        """The folder of a study. NotFoundError for a name that would lead elsewhere."""
        if not name.replace("-", "").replace("_", "").isalnum():
            raise NotFoundError(f"There is no study {name!r}: choose one, or write it.", field="study")
        return self.settings.home / "studies" / name

    def _keep_plan(self, study: Study, text: str) -> None:
        file = self._folder_of(study.name) / PLAN
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        except OSError as error:
            raise StorageError(
                f"'{file}' cannot be written ({error.strerror}): make the data folder writable.") from error

    def _ask_to_stop(self) -> None:
        with self._study_lock:
            if self._study_progress is None or not self._study_progress.active:
                return
            self._study_stop.set()
            self._study_progress = replace(self._study_progress, state="stopping")

    def _work(self, study: Study) -> None:
        try:
            result = self.run_study(
                study, report=self._study_said, wait=self._awaited, cancel=self._study_stop)
            self.write_report(result)
            self._ended("finished", "")
        except Cancelled:
            self._ended("stopped", "Start it again and it goes on from there.")
        except LabError as error:
            self._ended("failed", error.message)
        except BaseException as error:
            self._ended("failed", f"{type(error).__name__}: {error}")
            raise

    def _ended(self, state: str, message: str) -> None:
        with self._study_lock:
            assert self._study_progress is not None
            self._study_progress = replace(self._study_progress, state=state, message=message)

    def _study_said(self, line: str) -> None:
        """A line of the study: "[3/15] sft, seed 0: run 12". Cancelled when it is to stop."""
        place, _, said = line.partition("] ")
        with self._study_lock:
            assert self._study_progress is not None
            self._study_progress = replace(
                self._study_progress, at=int(place.lstrip("[").partition("/")[0]), doing=said)
        if self._study_stop.is_set():
            self._stop_runs(self._study_progress.name)
            raise Cancelled("The study was stopped.")

    def _awaited(self, run: Run) -> Run:
        """Wait for a run, which is stopped when the study is."""
        while run.state.active:
            run = self.wait(run.id, _BEAT)
            if self._study_stop.is_set() and run.state in (RunState.QUEUED, RunState.RUNNING):
                run = self.stop_run(run.id)
        return run

    def _stop_runs(self, study: str) -> None:
        """Stop what the study has just asked for, and wait until it has stopped."""
        for run in self.runs():
            if run.state.active and run.name.startswith(f"{study}: "):
                with suppress(LabError):  # it ended in the meantime
                    self.stop_run(run.id)
                self.wait(run.id)
