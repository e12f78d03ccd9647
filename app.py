"""The lab in a browser: settings → store → studio → page, and launch. Nothing is decided here."""

from __future__ import annotations

import os
import signal
import sys
from threading import Event

from lab.errors import LabError, RequestError, ServerError
from lab.settings import Settings, quiet_environment
from lab.ui.startup import without_stubs

quiet_environment()
with without_stubs():
    import gradio as gr

from lab.studio import Studio  # noqa: E402
from lab.ui import ending  # noqa: E402
from lab.ui.doors import own_pages  # noqa: E402
from lab.ui.look import head, scripts, style, theme  # noqa: E402
from lab.ui.owner import Gate  # noqa: E402
from lab.ui.page import build  # noqa: E402
from lab.ui.turns import take_turns  # noqa: E402
from storage import Store  # noqa: E402

HOST, PORT = "127.0.0.1", 7860
WAITING = 160
"""Events that may wait at a moment: a class of 30 that follows sends as many at once, and is not to be turned away, not
even while another address has all the places that it can have (`lab.ui.turns`)."""

PAGES = 500
"""Pages, or sessions of scripts, whose state is kept: the ones used last. Each costs 1.4 MB, whoever began it and
whether or not it ever comes back; Gradio would keep 10,000."""


def launch(blocks: gr.Blocks, gate: Gate | None = None, hosts: frozenset[str] = frozenset()) -> str:
    """Serve the page, a public lab's behind its gate, and return its address; `hosts` are its further names.

    ServerError when the port is taken, RequestError when it is none.
    """
    host, wanted = os.environ.get("GRADIO_SERVER_NAME") or HOST, os.environ.get("GRADIO_SERVER_PORT") or str(PORT)
    if not wanted.isdigit() or not 0 < int(wanted) < 65536:
        raise RequestError(f"GRADIO_SERVER_PORT is {wanted!r}: give a port from 1 to 65535.")
    blocks.queue(max_size=WAITING)
    if gate:
        take_turns(blocks, gate.sender)
    try:
        app, local, _ = blocks.launch(
            server_name=host,
            server_port=int(wanted),
            theme=theme(),
            css=style(),
            head=head(),
            ssr_mode=False,
            quiet=True,
            prevent_thread_lock=True,
            show_error=True,
            enable_monitoring=False,
            max_file_size="5mb",
            state_session_capacity=PAGES,
            share=False,
            footer_links=["api"],
            run_history=False,  # Gradio would keep what was asked in the browser, and offer to send it to the Hub
            app_kwargs={"middleware": gate.middleware if gate else own_pages(host, hosts), "routes": scripts()},
        )
    except OSError as error:
        raise ServerError(
            f"Port {wanted} is in use: set GRADIO_SERVER_PORT to a free one, or stop what listens there."
        ) from error
    if gate:
        gate.install(app)
    return local


def serve(stop: Event) -> None:
    """Run the lab until `stop` is set, then let go of everything."""
    settings = Settings.from_environment()
    store = Store.open(settings.home, keeps=True)
    try:
        studio = Studio(store, settings)
    except BaseException:
        store.close()
        raise
    try:
        gate = Gate(settings) if settings.public else None
        if gate:
            studio.who = gate.visitor
        blocks = build(studio)
        print(f"Conscience Lab: {launch(blocks, gate, settings.hosts)}", flush=True)
        studio.warm()
        stop.wait()
        ending.limit()
        blocks.close(verbose=False)
    finally:
        studio.close()


def main() -> int:
    """Exit code: 0 done, 1 the work failed, 2 the request was wrong; one line on standard error for both."""
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        serve(stop)
    except LabError as error:
        print(error.message, file=sys.stderr)
        return 2 if isinstance(error, RequestError) else 1
    return 0


if __name__ == "__main__":
    ending.leave(main())
