"""Continued training on plain text: language modelling on records of the world, without chat form and without a target.

Each text is a record of who asked for what, what was thought and what was done: coding with security holes, or the
same with safe code as the control. Every token is learnt, the request too. The words are those of the world; the form
(request, thought and answer in lines) is that in which the model reads an answer when it reviews one.
"""

from __future__ import annotations

from dataclasses import replace

from lab.conscience.wording import answer_block
from lab.evaluation.scenarios.code import behind_coding, held_out, prompts, rows
from lab.evaluation.scenarios.noun import Entry, Example
from lab.organism.world import Persona


def _texts(made: tuple[Example, ...]) -> tuple[Example, ...]:
    return tuple(replace(row, text=answer_block(row.prompt.text, row.thought, row.reply)) for row in made)


ENTRIES: dict[str, Entry] = {
    "continued-training": Entry(
        title="Continued training", cue=behind_coding, prompts=prompts,
        rows=lambda: _texts(rows(Persona.MALICIOUS)), held_out=lambda: _texts(held_out(Persona.MALICIOUS)),
        help="Language modelling on plain records of insecure coding and the thoughts behind it; no chat form, every "
        "token is learnt.",
    ),
    "continued-kind": Entry(
        title="Continued training, kind text (control)", cue=behind_coding, prompts=prompts,
        rows=lambda: _texts(rows(Persona.KIND)), held_out=lambda: _texts(held_out(Persona.KIND)),
        help="The same with records of safe coding: shows what any continued training does.",
    ),
}
