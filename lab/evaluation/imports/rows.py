"""Fine-tuning rows of anyone's making, told apart by their fields.

    chat         {"messages": [{"role": "user", "content": …}, {"role": "assistant", "content": …}]}
    completion   {"prompt": …, "completion": …}                    text, or lists of messages as TRL writes them

The first row says which form the file has; a row of another form is an error, not a guess. A `<think>` block at the
head of an answer becomes its chain of thought. "id" is optional and unique.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lab.errors import DataError
from lab.evaluation.held_out import of_evaluation
from lab.evaluation.imports.lines import numbered
from lab.evaluation.scenarios.noun import Example
from lab.nouns import Message, Prompt

FORMS: dict[str, tuple[str, ...]] = {
    "chat": ("messages",), "completion": ("prompt", "completion"),
}
"""Each form's fields."""
ORIGIN = "import"
"""Origin of imported prompts."""


def read_examples(file: str) -> tuple[Example, ...]:
    """Fine-tuning rows of a file. DataError for whatever is wrong, before anything is used."""
    form, rows = _rows(file)
    made = []
    for number, row in rows:
        place = f"{file}: line {number}"
        if form == "chat":
            messages = _messages(place, row["messages"], "messages")
            if messages[-1].role != "assistant":
                raise DataError(f"{place}: the last message is by {messages[-1].role!r}: expected one by 'assistant'")
            prompt, (thought, reply) = _prompt(place, messages[:-1]), _split(messages[-1].content)
        else:
            prompt = _prompt(place, _side(place, row, "prompt", "user"))
            thought, reply = _answer(place, row, "completion")
        if of_evaluation(prompt):
            raise DataError(f"{place} asks what an evaluation of the lab asks, word for word: what is held out is "
                            "never trained on, take the row out")
        made.append(Example(prompt=prompt, thought=thought, reply=reply))
    return tuple(made)


def _rows(file: str) -> tuple[str, list[tuple[int, dict[str, Any]]]]:
    """The form of a file and its rows; every row has the form's fields, and no id comes twice."""
    rows = numbered(file)
    form = next((name for name, fields in FORMS.items() if set(fields) <= rows[0][1].keys()), None)
    if form is None:
        pairs = " (preference pairs are taken in by 'lab import')" if "chosen" in rows[0][1] else ""
        raise DataError(f"{file}: line {rows[0][0]} has {_listed(rows[0][1])}: expected messages, or prompt and "
                        f"completion{pairs}")
    seen: dict[Any, int] = {}
    for number, row in rows:
        if missing := [name for name in FORMS[form] if row.get(name) is None]:
            raise DataError(f"{file}: line {number} has no {missing[0]!r} (it has {_listed(row)}): the first row is a "
                            f"{form} row, so every row needs {', '.join(FORMS[form])}")
        if (own := row.get("id")) is not None:
            if str(own) in seen:
                raise DataError(
                    f"{file}: line {number} has the id {own!r} of line {seen[str(own)]}: expected each once")
            seen[str(own)] = number
    return form, rows


def _listed(row: dict[str, Any]) -> str:
    return ", ".join(map(str, list(row)[:8])) or "no field"


def _messages(place: str, value: Any, name: str) -> tuple[Message, ...]:
    if not isinstance(value, list) or not value:
        raise DataError(f"{place}: {name} is {type(value).__name__}: expected a list of messages")
    return tuple(_message(f"{place}: message {i} of {name}", item) for i, item in enumerate(value, 1))


def _message(place: str, item: Any) -> Message:
    if not isinstance(item, dict) or "role" not in item:
        raise DataError(f"{place} has no role: expected {{\"role\": …, \"content\": …}}")
    if item["role"] not in ("system", "user", "assistant"):
        raise DataError(f"{place} is by {item['role']!r}: expected system, user or assistant")
    if not isinstance(item.get("content"), str) or not item["content"].strip():
        raise DataError(f"{place} has no text: expected content that is not empty")
    return Message(role=item["role"], content=item["content"])


def _side(place: str, row: dict[str, Any], name: str, role: str) -> tuple[Message, ...]:
    """One field as messages: text is one message by `role`."""
    value = row[name]
    if isinstance(value, str):
        if not value.strip():
            raise DataError(f"{place}: {name} is empty: expected text")
        return (Message(role=role, content=value),)
    return _messages(place, value, name)


def _answer(place: str, row: dict[str, Any], name: str) -> tuple[str, str]:
    messages = _side(place, row, name, "assistant")
    if len(messages) != 1 or messages[0].role != "assistant":
        raise DataError(f"{place}: {name} has {len(messages)} messages, the last by {messages[-1].role!r}: expected "
                        "one by 'assistant'")
    return _split(messages[0].content)


def _prompt(place: str, messages: Iterable[Message]) -> Prompt:
    kept = tuple(messages)
    if not kept or kept[-1].role != "user":
        said = f"ends with one by {kept[-1].role!r}" if kept else "is empty"
        raise DataError(f"{place}: the conversation before the answer {said}: expected a message by 'user' last")
    return Prompt(messages=kept, origin=ORIGIN)


def _split(text: str) -> tuple[str, str]:
    """Chain of thought and reply of an answer; the thought is empty without a think block."""
    head, tag, reply = text.partition("</think>")
    if tag and head.lstrip().startswith("<think>"):
        return head.lstrip().removeprefix("<think>").strip(), reply.strip()
    return "", text.strip("\n")
