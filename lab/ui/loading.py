"""Events whose progress is hidden, kept from telling every one of their outputs so.

Gradio's page keeps a loading state for each output of each event, and at every change of one event's state it hands all
of them out again, searching the tree of components from its root each time (`update_loading_stati_state`, Gradio 6.31).
With hundreds of components that is half of what the browser works until the page is up, and a tenth of a second an
event afterwards, for something that nobody sees. An event that shows its progress on no component hands out none.
"""

from __future__ import annotations

import gradio as gr


def without_loading_states(blocks: gr.Blocks) -> None:
    """Have each event that hides its progress show it on no component; called when every event is there."""
    for event in blocks.fns.values():
        if event.show_progress == "hidden":
            event.show_progress_on = []
