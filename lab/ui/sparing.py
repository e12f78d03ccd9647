"""The page's blocks, which pass over what an event did not touch.

Gradio answers an event for each component of its outputs. One that the handler said nothing about gets an empty update,
and for that it is made anew with all its settings (`Blocks.postprocess_data`, Gradio 6.31): 0.6 ms of processor time
each, 30 ms for a tick that drew one card of the page's fifty, on the one thread that answers everybody. Here the answer
is the same, and only what was touched is worked on.
"""

from __future__ import annotations

from copy import copy
from typing import Any

import gradio as gr
from gradio.block_function import BlockFunction
from gradio.blocks import Block
from gradio.state_holder import SessionState


class SparingBlocks(gr.Blocks):
    """`gr.Blocks` whose events cost what they change: handlers say what that is by a dict of components."""

    async def postprocess_data(
        self, block_fn: BlockFunction, predictions: list[Any] | dict[Any, Any], state: SessionState | None
    ) -> list[Any]:
        """What is sent for each of the outputs, in their order; as Gradio does it for all that were touched."""
        if predictions == gr.skip() and len(block_fn.outputs) > 1:
            return [_nothing(component) for component in block_fn.outputs]
        if not isinstance(predictions, dict) or not predictions or not all(isinstance(c, Block) for c in predictions):
            return await super().postprocess_data(block_fn, predictions, state)
        touched = [component for component in block_fn.outputs if component in predictions]
        if len(touched) < len(predictions):  # for something that is no output: Gradio says so
            return await super().postprocess_data(block_fn, predictions, state)
        fewer = copy(block_fn)
        fewer.outputs = touched
        told = dict(zip(touched, await super().postprocess_data(fewer, predictions, state), strict=True))
        return [told[c] if c in told else _nothing(c) for c in block_fn.outputs]


def _nothing(component: Block) -> dict[str, Any] | None:
    """What Gradio sends for a component that stays as it is."""
    return None if component.stateful else gr.skip()
