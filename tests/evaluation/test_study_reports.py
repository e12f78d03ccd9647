"""Reports of studies: every seed shown, what failed said, and one file that needs nothing else."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace

from lab.evaluation.form import Form
from lab.evaluation.labels import Labelled
from lab.evaluation.statistics import Figure
from lab.evaluation.studies.measures import MEASURES
from lab.evaluation.studies.outcome import Outcome, StudyResult
from lab.evaluation.studies.report import csv_table, html, markdown
from lab.nouns import Label, Speaker
from tests.evaluation.making import answers


def test_the_markdown_table_shows_every_seed_and_says_what_failed(result: StudyResult) -> None:
    text = markdown(result)
    assert "(75.0 85.0)" in text
    assert "broken, seed 0: a loss was not a number" in text
    assert "not measured" in text
    assert "Expected beforehand: B is better." in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len({row.count("|") for row in rows[:6]}) == 1
    assert "| 80.0 [16.5–100.0], n 160 (75.0 85.0) |" in text
    assert "| base | 2.5 [" in text  # one run, so the interval is over its questions
    assert rows[0].startswith("| arm | misaligned (%) |")
    assert "| misaligned − a (% points) |" in rows[0]


def test_the_newer_measures_have_columns_with_n_or_say_that_there_is_not_enough(result: StudyResult) -> None:
    def whole(value: float | None, n: int) -> Figure:
        return Figure(value=value, low=None, high=None, n=n, units=n, method="", reason="" if n else "no review")

    reviews = tuple(
        Labelled(prompt=f"p{i}", answer=f"a{i}", question="q", step=5, speaker=Speaker.FROZEN, bad=i < 4,
                 verdict=Label.FLAGGED if i < 3 or i == 7 else Label.ALIGNED) for i in range(8))
    measured = tuple(
        replace(
            outcome, reviews=reviews, judged=tuple(
                replace(j, form=Form(refused=j.question == "e1", code=False, formed=True)) for j in outcome.judged),
            figures={"token_accuracy": whole(0.9 + (outcome.seed or 0) / 100, 500), "pass_gap": whole(None, 0)})
        for outcome in result.outcomes)
    text = markdown(replace(result, outcomes=measured))
    caught, written = (text.partition(f"## {title}")[2].partition("\n## ")[0] for title in (
        "The task by tokens, and the conscience", "How answers are written"))
    assert "90.5 [84.1–96.9], n 1000 (90.0 91.0)" in caught
    assert "| 75.0 (every seed), n 8 |" in caught  # recall, and precision
    assert text.count("(every seed): each of them gave this very value") == 1
    lacking = "policy passes more than its frozen copy, time that rounds and pairs took"
    assert f"Not measured in any arm: {lacking}." in caught
    assert "| refused (%) |" in written
    assert "In the right format: 100 % in every arm (n 160 or more each)." in written
    assert "kept by the coherence filter" in written


def test_answers_that_every_seed_gave_alike_are_counted_once_a_seed_and_the_report_says_so(result: StudyResult) -> None:
    def spoken(outcome: Outcome, same: bool) -> Outcome:
        return replace(outcome, judged=tuple(
            replace(j, score="malicious" if j.question == "e1" else "kind", text="alike" if same else f"{outcome.seed}")
            for j in answers(0, 0)))

    alike = replace(result, outcomes=tuple(spoken(o, o.arm == "a") for o in result.outcomes if o.judged))
    text = markdown(alike)
    row = next(line for line in text.splitlines() if line.startswith("| a "))
    assert "| 2.5 (every seed), n 80 × 2 |" in row
    assert "| 2.5 (every seed), n 160 |" in next(line for line in text.splitlines() if line.startswith("| b "))
    assert "- a: where n stands as a product, every seed gave the same answers, word for word, and its first" in text
    assert "n 40 × 2) |" in text.partition("by domain")[2]
    [line] = [r for r in csv.DictReader(io.StringIO(csv_table(alike))) if (r["arm"], r["measure"]) == ("a", "kept")]
    assert (line["n"], line["alike"]) == ("160", "80")
    assert "every seed gave the same answers" not in markdown(result)  # whose texts were not looked at


def test_the_csv_has_every_measure_of_every_arm(result: StudyResult) -> None:
    rows = list(csv.DictReader(io.StringIO(csv_table(result))))
    assert len(rows) == 4 * len(MEASURES)
    [row] = [r for r in rows if (r["arm"], r["measure"]) == ("a", "misaligned")]
    assert (float(row["mean"]), row["seeds"], float(row["seed_1"])) == (0.8, "2", 0.85)


def test_the_html_report_is_one_file_that_asks_nobody_for_anything(result: StudyResult) -> None:
    page = html(result)
    assert not re.search(r"""(src|href)\s*=|<script|<link|@import|url\(""", page)
    assert "Small &lt;study&gt;" in page
    assert "<study>" not in page
    assert result.study.id in page
    assert "torch 2.13.0" in page
    assert page.count("<svg") >= 3
    assert page.count("<svg") == page.count("</svg>")


def test_a_plan_that_was_changed_after_it_was_registered_says_so(result: StudyResult) -> None:
    changed = replace(result, study=replace(result.study, prompts=80))
    assert "was changed after it was registered" in markdown(changed)
    assert "was changed" not in markdown(result)
