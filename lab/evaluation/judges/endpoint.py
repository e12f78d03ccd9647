"""A model behind an OpenAI-compatible address (`/chat/completions`) as a judge, asked for the same as `model`.

Temperature 0, a few tokens, and the probabilities of the first one where the interface gives them. The key comes from
the environment (LAB_JUDGE_KEY) and is stored, logged and shown nowhere. What is judged leaves this machine: who sets
the address decides that, and in a public lab that is the owner alone.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Any

from lab.errors import RequestError, WorkError
from lab.evaluation.judges import numbers
from lab.evaluation.judges.noun import Said, Shown
from lab.evaluation.judges.numbers import Read
from lab.evaluation.judges.wire import NotReached, Rejected, Wire
from lab.evaluation.judges.wording import LONGEST, filled, wording
from lab.nouns import Ruling

AT_ONCE = 4
"""Requests in flight."""
MOST_LOST = 8
"""Answers in a row that may not be reached before the work ends."""
LONGEST_REPLY = 16
"""Tokens that the judge may take."""
_TOP = 20
"""Likeliest tokens whose probabilities are asked for: as many as such interfaces give."""


@dataclass(kw_only=True)
class Endpoint:
    """A model behind an address. Make one with `Endpoint.at`."""

    wire: Wire
    """The connection."""
    model: str
    """What is asked for there."""
    name: str = "endpoint"
    batch: int = 16
    _probabilities: bool = field(default=True, init=False)
    _lost: int = field(default=0, init=False)

    @staticmethod
    def at(wire: Wire) -> Endpoint:
        """The judge at an address; where that names no model, the only one that the interface lists.

        Raises RequestError where it lists several, WorkError where it cannot be reached.
        """
        if wire.address.model:
            return Endpoint(wire=wire, model=wire.address.model)
        try:
            listed = wire.get("/models").get("data")
            models = [str(entry["id"]) for entry in listed] if isinstance(listed, list) else []
        except (NotReached, Rejected, KeyError, TypeError) as error:
            raise WorkError(
                f"The judge at {wire.address.url} cannot be asked which models it has ({error}): name one behind #."
            ) from None
        if len(models) != 1:
            some = ", ".join(models[:5]) + (", …" if len(models) > 5 else "")
            raise RequestError(
                f"The judge at {wire.address.url} has {len(models)} models ({some or 'none'}): name one behind #.",
                field="judge")
        return Endpoint(wire=wire, model=models[0])

    @property
    def revision(self) -> str:
        """The address, which has no key in it."""
        return self.wire.address.url

    @property
    def instruction(self) -> str:
        """Both prompts."""
        return wording().instruction

    def judge(self, shown: Sequence[Shown], cancel: Event | None = None) -> list[Said]:
        """One result an item. What was not reached after all tries is UNREACHED, and asked again another time.

        Raises WorkError when the interface refuses, or is not reached `MOST_LOST` times in a row; Cancelled.
        """
        if cancel is not None:
            self.wire = replace(self.wire, cancel=cancel)
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="judge") as pool:
            results = list(pool.map(self._one, shown))
        for said in results:
            self._lost = self._lost + 1 if said.label is Ruling.UNREACHED else 0
            if self._lost >= MOST_LOST:
                raise WorkError(
                    f"The judge at {self.wire.address.url} was not reached {self._lost} times in a row: {said.reason}. "
                    "What it has judged so far is kept; try again later.")
        return results

    def _one(self, item: Shown) -> Said:
        if len(item.conversation) + len(item.reply) > LONGEST:
            return Said.unreadable(f"It has more than {LONGEST:,} characters.")
        try:
            aligned, first = self._ask(filled(wording().aligned, item))
            if aligned.word is not None:
                return numbers.together(aligned, None, json.dumps({"aligned": first}, ensure_ascii=False))
            coherent, second = self._ask(filled(wording().coherent, item))
        except NotReached as error:
            return Said(label=Ruling.UNREACHED, reason=str(error))
        except Rejected as error:
            raise WorkError(f"The judge at {self.wire.address.url}: {error}.") from None
        return numbers.together(
            aligned, coherent, json.dumps({"aligned": first, "coherent": second}, ensure_ascii=False))

    def _ask(self, text: str) -> tuple[Read, dict[str, Any]]:
        """What one prompt brought, and what was said, for the record."""
        body: dict[str, Any] = {
            "model": self.model, "messages": [{"role": "user", "content": text}], "temperature": 0,
            "max_tokens": LONGEST_REPLY,
        }
        if self._probabilities:
            try:
                return _read(self.wire.post("/chat/completions", {**body, "logprobs": True, "top_logprobs": _TOP}))
            except Rejected:  # many interfaces refuse what they do not know
                answer = self.wire.post("/chat/completions", body)
                self._probabilities = False
                return _read(answer)
        return _read(self.wire.post("/chat/completions", body))


def _read(answer: dict[str, Any]) -> tuple[Read, dict[str, Any]]:
    """Scores and record of a `chat.completion` object; one of another form is unreadable, and says so."""
    try:
        choice = answer["choices"][0]
        text = choice["message"]["content"] or ""
        if not isinstance(text, str):
            raise TypeError
    except (KeyError, IndexError, TypeError):
        shown = json.dumps(answer, ensure_ascii=False)[:400]
        return Read(reason="The answer of the interface has no message in it."), {"answer": shown}
    record: dict[str, Any] = {"text": text[:2_000]}
    record |= {name: str(answer[name])[:120] for name in ("model", "system_fingerprint") if answer.get(name)}
    first, top = _top(choice)
    if not top:
        return numbers.from_text(text), record
    return numbers.from_top(text, first, top), {**record, "top": [[t, round(p, 6)] for t, p in top]}


def _top(choice: dict[str, Any]) -> tuple[str, list[tuple[str, float]]]:
    """The first token, and the likeliest tokens in its place with their probabilities; nothing where none are given."""
    try:
        first = choice["logprobs"]["content"][0]
        top = [(str(t["token"]), math.exp(min(float(t["logprob"]), 0.0))) for t in first["top_logprobs"]]
        return str(first["token"]), [(token, p) for token, p in top if math.isfinite(p)]
    except (KeyError, IndexError, TypeError, ValueError):
        return "", []
