"""Text and numbers as they are shown: escaped HTML and plain words. Standard library only.

Whatever a model or a person wrote passes through `escape` on its way to the page. Beside the five characters of HTML it
takes care of the braces and the dollar, which Gradio's HTML templates would otherwise read as code, and of characters
that are not seen but change what is: controls, and those that turn the direction of the text around them.
"""

from __future__ import annotations

import html
import re
from datetime import datetime

_TEMPLATE = str.maketrans({"{": "&#123;", "}": "&#125;", "$": "&#36;", "`": "&#96;"})
_UNSEEN = {
    **{code: 0x2400 + code for code in range(32) if chr(code) not in "\t\n\r"}, 127: 0x2421,
    **{code: f"⟨U+{code:04X}⟩" for code in (*range(0x80, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))},
}
"""Controls as their pictures or numbers; embeddings, overrides and isolates of text direction as their numbers."""
_FENCE = re.compile(r"```[ \t]*(\w*)[ \t]*\n?(.*?)(?:```|\Z)", re.DOTALL)
_PYTHON = re.compile(
    r"(?P<comment>#[^\n]*)"
    r"|(?P<string>[rbf]{0,2}(?:\"[^\"\n]*\"|'[^'\n]*'))"
    r"|(?P<keyword>\b(?:def|class|return|import|from|as|if|elif|else|for|while|in|not|and|or|is|with|try|except|"
    r"finally|raise|lambda|yield|pass|break|continue|None|True|False)\b)"
    r"|(?P<number>\b\d[\d_.]*\b)"
)


def visible(text: str) -> str:
    """`text` with what cannot be seen in it shown by a sign. Not escaped."""
    return text.translate(_UNSEEN)


def escape(text: str) -> str:
    """`text` as HTML that shows exactly these characters and does nothing."""
    return html.escape(visible(text), quote=True).translate(_TEMPLATE)


def code(text: str) -> str:
    """Python with keywords, strings, numbers and comments marked; escaped."""
    parts, end = [], 0
    for match in _PYTHON.finditer(text):
        parts.append(escape(text[end : match.start()]))
        parts.append(f'<span class="code-{match.lastgroup}">{escape(match.group())}</span>')
        end = match.end()
    return "".join(parts) + escape(text[end:])


def prose(text: str) -> str:
    """Model text in paragraphs; what stands between code fences as code, an open fence included; escaped."""
    parts, end = [], 0
    for match in _FENCE.finditer(text):
        parts.append(_paragraphs(text[end : match.start()]))
        parts.append(f'<pre class="code"><code>{code(match.group(2).rstrip())}</code></pre>')
        end = match.end()
    return "".join([*parts, _paragraphs(text[end:])])


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{escape(p.strip())}</p>" for p in re.split(r"\n\s*\n", text) if p.strip())


def short(text: str, length: int = 90) -> str:
    """The first characters of `text` on one line, ended with "…" where cut. Not escaped."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def words(text: str) -> int:
    """How many words `text` has."""
    return len(text.split())


def counted(n: int, noun: str) -> str:
    """ "1 pair", "1,200 pairs"."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def duration(seconds: float) -> str:
    """Seconds in the words of everyday: "8 s", "2 min 05 s", "1 h 12 min"."""
    total = max(0, round(seconds))
    if total < 60:
        return f"{total} s"
    if total < 3600:
        return f"{total // 60} min {total % 60:02d} s"
    return f"{total // 3600} h {total % 3600 // 60:02d} min"


def clock(moment: datetime) -> str:
    """When, in this machine's own time: "14:32", "Tue 14:32" on another day, "27 Nov" beyond a week."""
    here, today = moment.astimezone(), datetime.now().astimezone()
    days = (here.date() - today.date()).days
    return f"{here:%H:%M}" if days == 0 else f"{here:%a %H:%M}" if days < 7 else f"{here:%-d %b %Y}"


def figure(value: float | None, digits: int = 2) -> str:
    """A number for reading, or "–" for one that could not be measured."""
    if value is None:
        return "–"
    if value and abs(value) < 0.001:
        return f"{value:.1e}"
    return f"{value:,.{digits}f}".replace("-", "−")


def with_interval(value: float | None, low: float | None, high: float | None, n: int) -> str:
    """A share with its interval and n: "0.93 [0.88–0.96], n 200"."""
    if value is None:
        return f"not measured, n {n}"
    bounds = f" [{low:.2f}–{high:.2f}]".replace("-", "−") if low is not None and high is not None else ""
    return f"{figure(value)}{bounds}, n {n:,}"
