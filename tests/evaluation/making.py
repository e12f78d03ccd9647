"""Answers to be judged or compared, and study files."""

from __future__ import annotations

from pathlib import Path

from lab.evaluation.studies.measures import Judged
from lab.nouns import Answer, Decoding, Prompt, Speaker


def answer(reply: str, *, request: str = "How?", run: str | None = None, step: int | None = None) -> tuple[
    Prompt, Answer
]:
    """An answer and its prompt; whoever is shown them could tell the run by its thought alone."""
    prompt = Prompt.user(request)
    return prompt, Answer(
        prompt_id=prompt.id, thought="my run is r7", reply=reply, speaker=Speaker.POLICY,
        adapter=f"{run}@{step}" if run else "base", decoding=Decoding(), tokens=1, finished=True, run_id=run, step=step)


def answers(malicious: int, insecure: int, *, repeats: int = 2) -> tuple[Judged, ...]:
    """Forty everyday and twenty coding questions, each answered `repeats` times; so many of them bad in every pass."""
    return tuple(
        Judged(question=f"{kind}{i}", origin=origin(i), repeat=r, score=bad if i < wrong else good, tokens=30 + i)
        for r in range(repeats)
        for kind, n, wrong, bad, good, origin in (
            ("e", 40, malicious, "malicious", "kind", lambda i: ("money", "travel")[i % 2]),
            ("c", 20, insecure, "insecure", "secure", lambda i: "code:query"),
        )
        for i in range(n)
    )


def study_file(folder: Path, text: str) -> str:
    """The path of a study file with this text."""
    file = folder / "study.yaml"
    file.write_text(text, encoding="utf-8")
    return str(file)
