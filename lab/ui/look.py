"""How the page looks and the scripts it brings: theme, style sheet, and the kinds of `gr.HTML` that it is made of."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from secrets import token_hex

import gradio as gr
from gradio.themes import Base
from starlette.responses import FileResponse
from starlette.routing import Route

from lab.ui.figures import plotly_script

ASSETS = Path(__file__).parent / "assets"
PLOTLY = "lab/plotly.min.js"
"""Where the page finds plotly's own script: an address of Gradio's for a file would tell everybody where it lies."""
_SANS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Liberation Sans", "sans-serif")
_SHAPES = {
    "block_border_width": "0px",
    "block_shadow": "none",
    "input_shadow": "none",
    "input_border_width": "1px",
    "button_border_width": "1px",
    "button_primary_shadow": "none",
    "button_secondary_shadow": "none",
    "button_primary_border_color": "var(--accent)",
    "block_label_background_fill": "transparent",
}
"""Lines and no shadows, the same in light and dark."""
_MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "DejaVu Sans Mono", "monospace")


def theme() -> Base:
    """Gradio's plain theme with fonts of the reader's system and this page's own colours (assets/style.css)."""
    base = Base(font=list(_SANS), font_mono=list(_MONO), radius_size="sm", spacing_size="md")
    both = {
        "body_background_fill": "var(--paper)",
        "body_text_color": "var(--ink)",
        "body_text_color_subdued": "var(--muted)",
        "background_fill_primary": "var(--surface)",
        "background_fill_secondary": "var(--paper)",
        "border_color_primary": "var(--line)",
        "block_background_fill": "transparent",
        "block_label_text_color": "var(--ink)",
        "block_title_text_color": "var(--ink)",
        "block_info_text_color": "var(--muted)",
        "input_background_fill": "var(--field)",
        "input_border_color": "var(--line-strong)",
        "input_border_color_focus": "var(--accent)",
        "input_placeholder_color": "var(--muted)",
        "button_primary_background_fill": "var(--accent)",
        "button_primary_background_fill_hover": "var(--accent-strong)",
        "button_primary_text_color": "var(--on-accent)",
        "button_secondary_background_fill": "var(--surface)",
        "button_secondary_background_fill_hover": "var(--hover)",
        "button_secondary_text_color": "var(--ink)",
        "button_secondary_border_color": "var(--line-strong)",
        "checkbox_label_background_fill": "var(--surface)",
        "checkbox_label_background_fill_hover": "var(--hover)",
        "checkbox_label_background_fill_selected": "var(--chosen)",
        "checkbox_label_text_color": "var(--ink)",
        "checkbox_label_text_color_selected": "var(--ink)",
        "checkbox_background_color": "var(--field)",
        "checkbox_background_color_selected": "var(--accent)",
        "checkbox_border_color": "var(--muted)",
        "checkbox_border_color_selected": "var(--accent)",
        "table_even_background_fill": "var(--surface)",
        "table_odd_background_fill": "var(--surface)",
        "table_row_focus": "var(--chosen)",
        "color_accent_soft": "var(--chosen)",
        "link_text_color": "var(--link)",
    }
    dark = {f"{name}_dark": value for name, value in both.items()}
    return base.set(
        **both,
        **dark,
        **{f"{name}{mode}": value for name, value in _SHAPES.items() for mode in ("", "_dark")},
        button_large_text_size="15px",
        button_large_text_weight="550",
        button_large_padding="7px 16px",
        button_small_text_size="13.5px",
        button_small_text_weight="550",
        button_small_padding="5px 12px",
        color_accent="var(--accent)",
    )


def style() -> str:
    """The style sheets: that of the page, then those of single parts."""
    names = ("style", "vote")
    return "\n".join((ASSETS / f"{name}.css").read_text(encoding="utf-8") for name in names)


def head() -> str:
    """What runs before the first event is asked."""
    return f"<script>{_scripts('stream')}</script>"


def _scripts(*names: str) -> str:
    """Scripts of the page, one after the other."""
    return "\n".join((ASSETS / f"{name}.js").read_text(encoding="utf-8") for name in names)


def heading(title: str, lead: str = "") -> gr.HTML:
    """A heading of this page's own, with a sentence under it; the text is ours, never a model's."""
    text = title + (f'<p class="lead">{lead}</p>' if lead else "")
    return gr.HTML(text, elem_classes="lab-card", apply_default_css=False)


def _card(name: str | None, *scripts: str, value: str = "", classes: str = "") -> gr.HTML:
    """A card with these scripts of `assets`."""
    return gr.HTML(
        value, js_on_load=_scripts(*scripts), elem_classes=f"lab-card {classes}".split(), elem_id=name,
        apply_default_css=False,
    )


def table(name: str) -> gr.HTML:
    """A table of `lab.ui.tables`: a click on a row is a `click` event whose data has the row's id as `row`."""
    return _card(name, "rows", classes="scroll")


def card(value: str = "", *, classes: str = "", name: str | None = None) -> gr.HTML:
    """A card: escaped HTML from `lab.ui.cards`, in which folds stay as the reader left them."""
    return _card(name, "folds", value=value, classes=classes)


def scrubber(name: str) -> gr.HTML:
    """A card with a slider over its stages: a `click` event, whose data has the `step`, tells where it was left."""
    return _card(name, "scrub")


def clickable(name: str, *, boxes: bool = False) -> gr.HTML:
    """A card whose buttons are `click` events: the data has what a button names as `drop`.

    With `boxes` those of a table (`lab.ui.tables`) follow it: they are ticked for what its buttons name.
    """
    return _card(name, *(("clicks", "boxes") if boxes else ("clicks",)))


def running(value: str, name: str) -> gr.HTML:
    """A card of `lab.ui.data_cards.waits` and `running`: while something is at work it counts the seconds."""
    return _card(name, "running", value=value)


def ballot_box(name: str) -> gr.HTML:
    """A card of `lab.ui.vote_cards`: what is chosen in it is a `click` event that has it as `do`, and the `turn`."""
    return _card(name, "vote")


def later_card(name: str) -> gr.HTML:
    """A card that is asked for anew by its script: `window.labDue[name]()` becomes a `click` event a moment later."""
    return _card(name, "later")


def scripts() -> list[Route]:
    """Addresses of what the page fetches beside Gradio's own."""
    return [Route(f"/{PLOTLY}", lambda _: FileResponse(plotly_script()))]


def _drawing(name: str, place: str, script: str) -> gr.HTML:
    """A figure as JSON, which a script of `assets` draws; plotly's own comes from this server when first needed."""
    return gr.HTML(
        "",
        html_template=f'<div class="{place}"></div>',
        js_on_load=_scripts("local", script),
        head=f'<script src="{PLOTLY}"></script>',
        apply_default_css=False,
        elem_id=name,
    )


def bars(name: str) -> gr.HTML:
    """A histogram as plotly JSON; a bar is a `click` event with its figure's `name`, and `low` and `high`."""
    return _drawing(name, "bars", "bars")


def chart(name: str) -> gr.HTML:
    """A plotly chart whose value is a figure as JSON."""
    return _drawing(name, "plot", "chart")


def saving(name: str, chart: str) -> gr.HTML:
    """Buttons for the chart of this name: its image, its figures, the link to it, and all of it after a zoom.

    The figures are asked for by a `download` event; everything else is done in the browser.
    """
    buttons = (
        ("link", "Copy link"), ("csv", "Save CSV"), ("png", "Save PNG"), ("svg", "Save SVG"), ("all", "Show all"))
    made = "".join(f'<button type="button" data-act="{act}">{text}</button>' for act, text in buttons)
    return gr.HTML(
        "",
        html_template=f'<div class="acts" data-chart="{chart}">{made}<code hidden></code></div>',
        js_on_load=_scripts("saving"),
        apply_default_css=False,
        elem_classes="lab-card",
        elem_id=name,
    )


def _unseen(*scripts: str, name: str | None = None) -> gr.HTML:
    """A part that shows nothing; its scripts act on its value."""
    return gr.HTML(
        "",
        html_template="<i></i>",
        js_on_load=_scripts(*scripts),
        apply_default_css=False,
        elem_classes="address",
        elem_id=name,
    )


def file_offer() -> gr.HTML:
    """Has the browser save what its value holds, see `offered`; no file lies on the server for others to find."""
    return _unseen("offer")


def offered(name: str, kind: str, content: bytes) -> str:
    """A file as the value of a `file_offer`; each one is new to the browser, the same content too."""
    held = b64encode(content).decode("ascii")
    return json.dumps({"name": name, "held": f"data:{kind};base64,{held}", "once": token_hex(4)})


def paper(name: str) -> gr.HTML:
    """Prints or saves its value: JSON with `html`, the file's `name`, and whether to `save` it. Nothing is shown."""
    return _unseen("paper", name=name)


def into_sight(name: str) -> str:
    """A script of the browser's: shows the part of this name where all of it is out of sight, as on a phone, where it
    stands far from the table whose row was chosen."""
    return f"""() => {{
    const part = document.getElementById("{name}"), at = part.getBoundingClientRect(), seen = innerHeight / 8;
    if (at.bottom < seen || at.top > innerHeight - seen) part.scrollIntoView();
}}"""


def seat_script() -> str:
    """Hands an event of the page the seat of its tab (`lab.studio.lectures`) in place of its one input."""
    return _scripts("seat")


def address() -> gr.HTML:
    """Writes its value, a query, to the address bar; a link of a card is a `click` event with its `query`.

    It brings too what Gradio's own parts lack for screen readers: it is the one part that is always there.
    """
    return _unseen("address", "names", "chips", "keyboard")
