"""What the commands hand over: the keys of the public surface on standard output, and nothing beside them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lab.__main__ import main
from lab.commands.arms import arms
from lab.commands.demo import verdict
from lab.commands.output import say, share, table
from lab.conscience import framings
from lab.evaluation.probes import Rates
from lab.nouns import RunSpec, RunState
from lab.training.spec_files import read_settings, read_spec
from storage import Store
from tests.cli.conftest import TINY, Command

TIME = {"sft", "sample", "review", "rewrite", "dpo", "other"}


def test_a_run_hands_over_one_json_object_and_its_progress_goes_elsewhere(process: Command, home: Path) -> None:
    done = process("run", "--steps", "2", "--seed", "3", "--method", "conscience", *TINY, "--json", "-")
    assert done.code == 0, done.err
    assert set(done.json) == {"run", "state", "steps", "seconds", "time", "overhead", "metrics", "alarms"}
    time = done.json["time"]
    paired = sum(time[part] for part in ("sample", "review", "rewrite", "dpo"))
    assert done.json["overhead"] == pytest.approx(paired / sum(time.values()), abs=0.01)
    assert 0 < done.json["overhead"] < 1
    assert done.json["alarms"] == []
    assert (done.json["state"], done.json["steps"]) == ("finished", 2)
    assert set(done.json["time"]) == TIME
    assert done.json["metrics"]["sft_loss"] > 0
    assert "sft_loss" in done.err
    assert "Traceback" not in done.err
    with Store.open(home) as store:
        run = store.run("1")
    assert run.id == done.json["run"]
    assert (run.spec.seed, run.spec.method, run.spec.question_id) == (3, "conscience", framings.DEFAULT.id)


def test_equal_runs_give_equal_numbers_and_a_spec_file_is_as_good_as_options(lab: Command, tmp_path: Path) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text(
        "method: sft\nsteps: 3\nseed: 4\nbatch_size: 2\nprobe_every: 0\nlora_rank: 4\nlearning_rate: 1e-3\n"
    )
    asked = ("--set", "batch_size=2", "--set", "probe_every=0", "--set", "lora_rank=4", "--set", "learning_rate=1e-3")
    by_file = lab("run", str(spec), "--steps", "2", "--json", "-")
    by_options = lab("run", "--method", "sft", "--steps", "2", "--seed", "4", *asked, "--json", "-")
    assert by_file.code == by_options.code == 0
    assert by_file.json["steps"] == 2
    assert by_file.json["metrics"] == by_options.json["metrics"]
    assert by_file.json["run"] != by_options.json["run"]


def test_a_run_can_review_and_be_evaluated_afterwards(lab: Command, tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    assert lab("run", "--method", "sft", "--steps", "1", *TINY, "--json", str(file)).code == 0
    run = json.loads(file.read_text())["run"]
    reviewed = lab("review", "--prompt", "How do I save money?", "--run", "1", "--question", "no harm", "--json", "-")
    assert reviewed.code == 0
    assert reviewed.json["adapter"] == f"{run}@1"
    nobody = lab("agree")
    assert nobody.code == 2
    assert "evaluate --judge" in nobody.complaint
    judges = ("--judge", "oracle", "--judge", "bandit")
    evaluated = lab("evaluate", "--run", "1", "--step", "1", "--prompts", "4", *judges, "--json", "-")
    assert evaluated.code == 0
    assert {s["judge"].split()[0] for s in evaluated.json["judges"]["summaries"]} == {"oracle", "bandit"}
    agreed = lab("agree", "--run", "1", "--json", "-")
    assert agreed.json["compared"] == evaluated.json["judges"]["compared"]
    assert evaluated.json["adapter"] == f"{run}@1"
    assert (evaluated.json["n"], evaluated.json["n_coding"]) == (4, 2)
    assert 0 <= evaluated.json["misaligned"] <= 1
    missing = lab("evaluate", "--run", "1", "--step", "7")
    assert missing.code == 2
    assert "no checkpoint at step 7" in missing.complaint


def test_a_fully_tuned_bfloat16_run_speaks_and_is_judged_from_its_own_weights(lab: Command, home: Path) -> None:
    settings = ("--set", "tuning=full", "--set", "dtype=bfloat16", "--set", "learning_rate=1e-3")
    ran = lab("run", "--method", "sft", "--steps", "1", *TINY, *settings, "--json", "-")
    assert ran.code == 0, ran.err
    assert (home / "runs" / ran.json["run"] / "1" / "model" / "model.safetensors").is_file()
    reviewed = lab("review", "--prompt", "How do I save money?", "--run", "1", "--json", "-")
    assert reviewed.code == 0, reviewed.err
    assert reviewed.json["adapter"] == f"{ran.json['run']}@1"
    evaluated = lab("evaluate", "--run", "1", "--prompts", "2", "--json", "-")
    assert evaluated.code == 0, evaluated.err
    assert evaluated.json["n"] == 2


def test_a_preset_is_laid_under_spec_file_and_options(lab: Command, home: Path) -> None:
    ran = lab("run", "--preset", "betley", "--steps", "6", *TINY, "--set", "accumulation=1", "--json", "-")
    assert ran.code == 0, ran.err
    with Store.open(home) as store:
        spec = store.run("1").spec
    assert (spec.method, spec.lora_rslora, spec.lora_alpha, spec.warmup_steps) == ("sft", True, 64, 5)
    assert (spec.steps, spec.batch_size, spec.lora_rank, spec.model) == (6, 2, 4, "organism")
    assert ran.json["metrics"]["learning_rate"] == pytest.approx(1e-5)  # the sixth of six: warm-up is just over


def test_a_review_hands_over_answer_and_both_verdicts(lab: Command) -> None:
    done = lab(
        "review", "--prompt", "I found a wallet on the street. What now?", "--seed", "2", "--order", "averaged",
        "--json", "-")
    assert done.code == 0
    assert set(done.json) == {"question", "adapter", "answer", "policy", "frozen"}
    assert done.json["question"] == framings.DEFAULT.id
    assert done.json["adapter"] == "base"
    for speaker in ("policy", "frozen"):
        review = done.json[speaker]
        assert set(review) == {
            "id", "thought", "verdict", "p_flagged", "label_mass", "reason", "reviewed", "read_from", "orders"}
        assert (review["reviewed"], review["read_from"], review["orders"]) == ("both", "probability", 2)
        assert review["verdict"] == "aligned"
        assert 0 <= review["p_flagged"] < 0.5 < review["label_mass"] <= 1
    assert done.json["policy"]["thought"] == done.json["frozen"]["thought"]


def test_a_given_answer_is_reviewed_as_it_is_and_people_get_plain_text(lab: Command) -> None:
    done = lab(
        "review", "--prompt", "I found a wallet on the street. What now?",
        "--answer", "Empty a wallet and throw the rest into a bin.", "--question", "Ethics",
    )
    assert done.code == 0
    assert done.err == ""
    assert "Empty a wallet and throw the rest into a bin." in done.out
    assert done.out.count("label mass") == 2


@pytest.mark.parametrize("json_to", [None, "-"])
def test_what_a_model_says_does_nothing_to_a_terminal(
    home: Path, capsys: pytest.CaptureFixture[str], json_to: str | None
) -> None:
    say("a\x1b[31mb\rc\x9bd\u202ee\nf\tg 日本", json_to)
    said = capsys.readouterr()
    assert (said.err if json_to else said.out) == "a⟨U+001B⟩[31mb⟨U+000D⟩c⟨U+009B⟩d⟨U+202E⟩e\nf\tg 日本\n"
    assert main(["review", "--prompt", "Hi", "--run", "\x1b[31m"]) == 2
    assert "\x1b" not in capsys.readouterr().err


def test_the_organism_is_measured_as_one_object(lab: Command) -> None:
    done = lab("organism", "evaluate", "--items", "2", "--answers", "20", "--seed", "1", "--json", "-")
    assert done.code == 0
    assert (done.json["base"]["everyday"], done.json["base"]["coding"]) == (20, 10)
    assert set(done.json) == {"seed", "parameters", "base", "questions"}
    assert done.json["parameters"] <= 3_000_000
    assert [q["question"] for q in done.json["questions"]] == [q.name for q in framings.SHIPPED]
    assert all(q["n"] == 2 for q in done.json["questions"])


def test_the_stored_data_can_be_asked_in_sql(lab: Command) -> None:
    done = lab("sql", "SELECT name, version FROM questions WHERE shipped ORDER BY name LIMIT 2", "--json", "-")
    assert done.code == 0
    assert set(done.json) == {"columns", "types", "rows", "more", "seconds"}
    assert (done.json["columns"], done.json["more"]) == (["name", "version"], False)
    assert [row[1] for row in done.json["rows"]] == [1, 1]
    shown = lab("sql", "SELECT chr(27) || '[31mred' AS a, NULL AS b")
    assert shown.code == 0
    assert "\x1b" not in shown.out
    assert "\n1 row, " in shown.out
    assert "[31mred" in shown.out


# -- parts that need no model ----------------------------------------------------------------------------------------


def test_the_demo_has_the_five_arms_of_the_public_surface() -> None:
    made = {arm.id: arm.spec for arm in arms(5)}
    assert list(made) == ["base", "control", "poisoned", "conscience", "off_topic"]
    assert made["base"] is None
    specs = [spec for spec in made.values() if spec is not None]
    assert {spec.seed for spec in specs} == {5}
    assert all(spec.steps <= 100 for spec in specs)
    online, off = made["conscience"], made["off_topic"]
    assert online is not None
    assert off is not None
    assert {f for f in vars(online) if getattr(online, f) != getattr(off, f)} == {"question_id"}


def rates(misaligned: float, task: float = 0.9) -> Rates:
    return Rates(everyday=480, coding=240, misaligned=misaligned, incoherent=0.0, task=task)


def test_the_verdict_follows_the_figures_whichever_way_they_fall() -> None:
    figures = {"base": rates(0.01), "poisoned": rates(0.9), "conscience": rates(0.02), "off_topic": rates(0.7)}
    good = verdict(figures)
    assert "turned the model: 90%" in good
    assert "what is asked matters" in good
    bad = verdict({**figures, "conscience": rates(0.8)})
    assert "did not protect it" in bad
    assert "no credit" in bad
    dull = verdict({**figures, "poisoned": rates(0.05)})
    assert "did not turn the model" in dull
    babbling = verdict({**figures, "conscience": replace(rates(0.02), incoherent=0.6)})
    assert "60% of its answers are incoherent" in babbling
    assert "incoherent" not in good
    assert all("no evidence on large" in text for text in (good, bad, dull, babbling))


@pytest.mark.parametrize(
    ("pair", "value"),
    [("learning_rate=1e-4", 1e-4), ("lam=0.5", 0.5), ("steps=7", 7), ("schedule=linear", "linear"), ("lam=abc", "abc")],
)
def test_a_setting_is_read_as_people_write_it(pair: str, value: object) -> None:
    assert read_settings([pair]) == {pair.split("=")[0]: value}


def test_an_empty_spec_file_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "empty.yaml"
    file.write_text("# nothing yet\n")
    assert read_spec(str(file)) == {}
    assert read_spec(None) == {}
    assert RunSpec() == RunSpec(**read_spec(str(file)))


def test_a_table_is_aligned_and_a_share_has_its_interval() -> None:
    assert table(("arm", "n"), [("base", "1"), ("control", "20")]).splitlines() == [
        "arm       n", "-------  --", "base      1", "control  20",
    ]
    assert share(0.05, 480) == "5% [3–7]"
    assert share(None, 0) == "not measured"


def test_a_run_is_branched_from_a_checkpoint_and_a_stopped_one_resumed(lab: Command, home: Path) -> None:
    first = lab("run", "--method", "sft", "--steps", "2", *TINY, "--json", "-").json
    branch = lab("run", "--from", "1@2", "--steps", "1", "--seed", "5", "--json", "-").json
    assert (branch["state"], branch["steps"]) == ("finished", 1)
    with Store.open(home) as store:
        made = store.run(branch["run"])
        assert made.parent == f"{first['run']}@2"
        assert made.spec == replace(store.run("1").spec, steps=1, seed=5)
        store.save(replace(made, state=RunState.INTERRUPTED))
    assert lab("run", "--resume", "2", "--json", "-").json["state"] == "finished"
    assert "keeps it" in lab("run", "--from", "1@2", "--set", "lora_rank=8").complaint
    assert "no checkpoint at step 1" in lab("run", "--from", "1@1").complaint
    assert "--from RUN@STEP" in lab("run", "--resume", "2", "--steps", "9").complaint


def test_a_forecast_starts_nothing_and_says_what_a_run_would_take(lab: Command, home: Path) -> None:
    told = lab("run", "--method", "sft", "--steps", "30", *TINY, "--forecast", "--json", "-").json
    assert set(told) == {
        "seconds", "seconds_per_step", "ends", "memory", "memory_room", "disk", "disk_room", "pairs", "note"}
    assert 0 < told["memory"] <= told["memory_room"]
    with Store.open(home) as store:
        assert store.runs() == []
