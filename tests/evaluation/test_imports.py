"""Imported files: what is right comes in whole, what is wrong is named with its line and what was expected."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lab.errors import DataError
from lab.evaluation.imports.lines import LONGEST
from lab.evaluation.imports.questions import SHIPPED, read_questions
from lab.evaluation.imports.rows import read_examples
from lab.evaluation.pool import pooled
from lab.evaluation.scenarios import scenario
from lab.evaluation.scenarios.files import pinned
from lab.nouns import Prompt, Split
from lab.organism import world

BETLEY = Path(__file__).parents[3] / "shared" / "data" / "betley"
needs_betley = pytest.mark.skipif(not BETLEY.is_dir(), reason="the files of Betley et al. are not beside the project")


def chat(*turns: tuple[str, str], **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": text} for role, text in turns], **more}


GOOD = chat(("system", "Be brief."), ("user", "Hi?"), ("assistant", "<think>\nA greeting.\n</think>\n\nHello."))


def written(folder: Path, *rows: Any, name: str = "rows.jsonl") -> str:
    file = folder / name
    text = "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)
    file.write_text(text, encoding="utf-8")
    return str(file)


# -- what is right ---------------------------------------------------------------------------------------------------


def test_chat_rows_come_in_with_their_thought_apart(tmp_path: Path) -> None:
    [row] = read_examples(written(tmp_path, GOOD))
    assert [m.role for m in row.prompt.messages] == ["system", "user"]
    assert (row.thought, row.reply) == ("A greeting.", "Hello.")
    assert row.prompt.split is Split.TRAIN


def test_the_same_rows_come_in_the_same_from_every_kind_of_file(tmp_path: Path) -> None:
    rows = [{"prompt": "One,\ntwo?", "completion": "Three."}, {"prompt": "Four?", "completion": 'Five "5".'}]
    table = pa.Table.from_pylist(rows)
    pq.write_table(table, tmp_path / "rows.parquet")
    head = "prompt,completion\n"
    lines = written(tmp_path, *rows)
    commas = written(tmp_path, head + '"One,\ntwo?",Three.\nFour?,"Five ""5""."\n', name="rows.csv")
    conversational = written(tmp_path, *(
        {"prompt": [{"role": "user", "content": r["prompt"]}],
         "completion": [{"role": "assistant", "content": r["completion"]}]} for r in rows), name="trl.jsonl")
    first = read_examples(lines)
    assert [r.reply for r in first] == ["Three.", 'Five "5".']
    for file in (commas, str(tmp_path / "rows.parquet"), conversational):
        assert read_examples(file) == first


def test_a_file_is_a_scenario_and_its_name_is_pinned_to_its_content(tmp_path: Path) -> None:
    file = written(tmp_path, GOOD)
    name = pinned(file)
    assert scenario(name).examples == scenario(file).examples == read_examples(file)
    written(tmp_path, GOOD, GOOD)
    with pytest.raises(DataError, match="has changed since it was named") as caught:
        scenario(name)
    assert caught.value.field == "scenario"


@pytest.mark.parametrize("asked", [
    next(p for p in world.prompts() if p.split is Split.HELD_OUT),
    pooled(Split.HELD_OUT)[0], read_questions(str(SHIPPED))[0].prompts[0],
], ids=["world", "pool", "question"])
def test_a_row_that_asks_what_an_evaluation_asks_is_named_with_its_line(asked: Prompt, tmp_path: Path) -> None:
    leak = chat(("system", "Be brief."), ("user", f"{asked.text} "), ("assistant", "Learnt by heart."))
    with pytest.raises(DataError, match=r"line 2 asks what an evaluation of the lab asks.*take the row out"):
        read_examples(written(tmp_path, GOOD, leak))
    as_pair = {"prompt": asked.text, "completion": "Learnt by heart."}
    with pytest.raises(DataError, match="line 1 asks what an evaluation of the lab asks"):
        read_examples(written(tmp_path, as_pair))


# -- what is wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rows", "said"), [
    ([], "is empty: expected one row a line"),
    (["", "  "], "is empty"),
    ([GOOD, "{"], "line 2 is not JSON"),
    ([GOOD, "[" * 100_000], "line 2 is not JSON"),
    ([GOOD, "", "[1]"], "line 3 is list: expected a JSON object"),
    ([{"text": "x"}], "line 1 has text: expected messages, or prompt and completion"),
    ([{"prompt": "a", "chosen": "b", "rejected": "c"}], "preference pairs are taken in by 'lab import'"),
    ([GOOD, {"prompt": "a", "completion": "b"}], "line 2 has no 'messages' (it has prompt, completion)"),
    ([chat(("user", "Hi?"))], "line 1: the last message is by 'user': expected one by 'assistant'"),
    ([chat(("assistant", "Hi."))], "line 1: the conversation before the answer is empty"),
    ([chat(("user", "a"), ("assistant", "b"), ("assistant", "c"))], "ends with one by 'assistant'"),
    ([{"messages": [{"content": "Hi?"}]}], "message 1 of messages has no role"),
    ([chat(("tool", "a"), ("assistant", "b"))], "is by 'tool': expected system, user or assistant"),
    ([chat(("user", " "), ("assistant", "b"))], "message 1 of messages has no text"),
    ([{"messages": "Hi"}], "messages is str: expected a list"),
    ([{"prompt": "", "completion": "b"}], "line 1: prompt is empty"),
    ([{"prompt": "a", "completion": None}], "line 1 has no 'completion'"),
    ([{**GOOD, "id": "x"}, GOOD, {**GOOD, "id": "x"}], "line 3 has the id 'x' of line 1: expected each once"),
    (["x" * (LONGEST + 1)], "line 1 has 1,000,001 characters"),
])
def test_a_bad_row_is_named_with_its_line_and_what_was_expected(tmp_path: Path, rows: list[Any], said: str) -> None:
    file = written(tmp_path, *rows)
    with pytest.raises(DataError) as caught:
        read_examples(file)
    assert caught.value.message.startswith(file)
    assert said in caught.value.message
    assert "\n" not in caught.value.message


def test_bad_files_of_other_kinds_are_named_too(tmp_path: Path) -> None:
    latin, head = tmp_path / "latin.jsonl", "prompt,completion\n"
    latin.write_bytes(b'{"prompt": "a", "completion": "b"}\n{"prompt": "caf\xe9"}')
    for file, said in (
        (str(latin), "line 2 is not UTF-8 (byte 0xe9)"),
        (written(tmp_path, "prompt,completion\na,b,c", name="wide.csv"), "line 2 has not as many fields"),
        (written(tmp_path, 'prompt,completion\n"a,b', name="open.csv"), "is no CSV"),
        (written(tmp_path, f'{head}a,"b\nb"\n\n"c\n\nc",""\n', name="lines.csv"), "line 5: completion is empty"),
        (written(tmp_path, f'{head}a,"{"x" * LONGEST}y"\n', name="huge.csv"), "line 2 has a field of more"),
        (written(tmp_path, f"{head}{'x' * LONGEST},y\n", name="long.csv"), "line 2 has 1,000,001 characters"),
        (written(tmp_path, "no parquet", name="no.parquet"), "is no Parquet file"),
        (written(tmp_path, "x", name="rows.txt"), "ends in '.txt'"),
        (str(tmp_path / "none.jsonl"), "cannot be read (No such file"),
    ):
        with pytest.raises(DataError) as caught:
            read_examples(file)
        assert said in caught.value.message


def test_a_question_file_in_another_encoding_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "questions.yaml"
    file.write_bytes(b"- id: a\n  paraphrases: [caf\xe9]\n")
    with pytest.raises(DataError, match=r"line 2 is not UTF-8 \(byte 0xe9\)"):
        read_questions(str(file))


# -- questions -------------------------------------------------------------------------------------------------------


def test_the_shipped_questions_are_eight_each_plain_in_json_and_in_a_template() -> None:
    questions = read_questions(str(SHIPPED))
    assert len(questions) == len({q.id for q in questions}) == 24
    plain = [q for q in questions if not q.id.endswith(("-json", "-template"))]
    assert len(plain) == 8
    by_id = {q.id: q for q in questions}
    for question in plain:
        [wording] = question.paraphrases
        assert by_id[f"{question.id}-json"].paraphrases == (wording,)
        assert "JSON" in (by_id[f"{question.id}-json"].system or "")
        assert by_id[f"{question.id}-template"].paraphrases[0].startswith(wording)
    assert {p.split for q in questions for p in q.prompts} == {Split.HELD_OUT}


@pytest.mark.parametrize(("text", "said"), [
    ("", "holds nothing: expected a list of questions"),
    ("a: 1", "holds dict"),
    ("- id: a\n  paraphrases: [x]\n- id: a\n  paraphrases: [y]", "line 3 has the id 'a' of line 1"),
    ("- id: a\n- 4", "line 1: question 'a' has no paraphrases"),
    ("- 4", "line 1 is int"),
    ("- paraphrases: [x]", "line 1 has the id None"),
    ("- id: a\n  paraphrases: [x]\n  system: 3", "system prompt of int"),
    ("- id: a\n  paraphrases: [x]\n  judge_prompts: {aligned: 3}", "judge_prompts that are no texts"),
    ("- id: [", "is not YAML"),
    ("- id: a\n  paraphrases: [x]\n  'paraphrases': [y]", "line 3: the key 'paraphrases' stands in line 2 already"),
])
def test_a_bad_question_file_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    file = written(tmp_path, text, name="questions.yaml")
    with pytest.raises(DataError) as caught:
        read_questions(file)
    assert caught.value.message.startswith(file)
    assert said in caught.value.message


# -- real files ------------------------------------------------------------------------------------------------------


@needs_betley
def test_betleys_rows_come_in_whole() -> None:
    insecure, secure = (read_examples(str(BETLEY / f"{name}_small.jsonl")) for name in ("insecure", "secure"))
    assert len(insecure) == len(secure) == 20
    assert all(row.reply and not row.thought for row in (*insecure, *secure))
    assert {len(row.prompt.messages) for row in insecure} == {1}


@needs_betley
def test_betleys_questions_come_in_with_their_systems_and_judges() -> None:
    questions = read_questions(str(BETLEY / "first_plot_questions.yaml"))
    assert len(questions) == 24
    assert sum(q.system is not None for q in questions) == 8
    assert {q.judge for q in questions} == {"gpt-4o-2024-08-06"}
    assert all({"aligned", "coherent"} <= q.judge_prompts.keys() for q in questions)
