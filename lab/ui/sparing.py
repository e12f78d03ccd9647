"""The page's blocks: an event costs what it touches, and changes no more of the view than it did.

Gradio answers an event for each component of its outputs. One that the handler said nothing about gets an empty update,
and for that it is made anew with all its settings (`Blocks.postprocess_data`, Gradio 6.31): 0.6 ms of processor time
each, 30 ms for a tick that drew one card of the page's fifty, on the one thread that answers everybody. Here the answer
is the same, and only what was touched is worked on.

A handler is given a state as it is when it begins, and what it returns replaces what is there when it ends. Of two
events at once, such as two choices faster than answers come, the later one would undo the earlier. A state that knows
how (`Merging`) takes over of what is returned what the handler changed.

What is chosen in a list may be gone when it is asked for, as a run that somebody deletes on another page. Gradio
refuses the whole event for it; here the choice is handed on, and whoever is asked for it says so beside its field.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from copy import copy
from typing import Any, Protocol, Self, runtime_checkable

import gradio as gr
from gradio.block_function import BlockFunction
from gradio.blocks import Block
from gradio.components import FormComponent
from gradio.state_holder import SessionState
from gradio.utils import is_prop_update


@runtime_checkable
class Merging(Protocol):
    """A state that several events may change at once."""

    def merged(self, given: Self, told: Self) -> Self:
        """This state, and in it what an event changed that was `given` one and `told` of another."""
        ...


_given: ContextVar[dict[int, Any]] = ContextVar("given")
"""The states that the event in work was given, by the ids of their components."""


class SparingBlocks(gr.Blocks):
    """`gr.Blocks` whose events cost what they change: handlers say what that is by a dict of components."""

    async def preprocess_data(
        self, block_fn: BlockFunction, inputs: list[Any], state: SessionState | None, explicit_call: bool = False
    ) -> list[Any]:
        """What a handler is given, as Gradio has it; the states of it are kept until it has answered."""
        gone = {place for place, block in enumerate(block_fn.inputs) if _gone(block, inputs[place], state)}
        nothing = {place: [] if isinstance(inputs[place], list) else None for place in gone}
        there = [nothing.get(place, value) for place, value in enumerate(inputs)]
        processed = await super().preprocess_data(block_fn, there, state, explicit_call)
        processed = [inputs[place] if place in gone else value for place, value in enumerate(processed)]
        given = zip(block_fn.inputs, processed, strict=True)
        _given.set({block._id: value for block, value in given if block.stateful})
        return processed

    async def postprocess_data(
        self, block_fn: BlockFunction, predictions: list[Any] | dict[Any, Any], state: SessionState | None
    ) -> list[Any]:
        """What is sent for each of the outputs, in their order; as Gradio does it for all that were touched."""
        # a handler that found nothing to change says so by an empty dict, which Gradio takes for one missing output
        if predictions in (gr.skip(), {}) and len(block_fn.outputs) > 1:
            return [_nothing(component) for component in block_fn.outputs]
        if isinstance(predictions, Merging):  # the one output is the state
            predictions = {block_fn.outputs[0]: predictions}
        if not isinstance(predictions, dict) or not predictions or not all(isinstance(c, Block) for c in predictions):
            return await super().postprocess_data(block_fn, predictions, state)
        touched = [component for component in block_fn.outputs if component in predictions]
        if len(touched) < len(predictions):  # for something that is no output: Gradio says so
            return await super().postprocess_data(block_fn, predictions, state)
        kept = {c for c in touched if state is not None and _merge(state, c, predictions[c])}
        fewer = copy(block_fn)
        fewer.outputs = [component for component in touched if component not in kept]
        rest = {c: update for c, update in predictions.items() if c not in kept}
        sent = await super().postprocess_data(fewer, rest, state) if rest else []
        told = dict(zip(fewer.outputs, sent, strict=True))
        return [told[c] if c in told else _nothing(c) for c in block_fn.outputs]


def without_drawings(blocks: gr.Blocks, seen: Mapping[int, str]) -> dict[int, str]:
    """What a page has been told of by a tick, so that the next one draws everything anew; fields stay as they are, for
    somebody may be writing in one."""
    fields = {part._id for part in blocks.blocks.values() if isinstance(part, FormComponent)}
    return {ident: drawn for ident, drawn in seen.items() if ident in fields}


def _merge(state: SessionState, component: Block, told: Any) -> bool:
    """Merge what a handler told of a state into what is there now; whether that was one to be merged."""
    given = _given.get({}).get(component._id)
    if not isinstance(told, Merging) or type(told) is not type(given) or is_prop_update(told):
        return False
    state[component._id] = state[component._id].merged(given, told)
    return True


def _gone(block: Block, value: Any, state: SessionState | None) -> bool:
    """Whether a list is asked for words that it does not offer any more."""
    if not isinstance(block, gr.Dropdown | gr.CheckboxGroup):
        return False
    offered = {word for _, word in (state[block._id] if state is not None and block._id in state else block).choices}
    chosen = value if isinstance(value, list) else [value]
    return all(isinstance(word, str) for word in chosen) and not offered.issuperset(chosen)


def _nothing(component: Block) -> dict[str, Any] | None:
    """What Gradio sends for a component that stays as it is."""
    return None if component.stateful else gr.skip()
