"""No answer is left lying on a stream that nobody reads, however late what the server says reaches the page."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import answer, fill, open_tab

LATE_END = """
    if (!url.includes("/queue/data")) return answer;
    const reader = answer.body.getReader(), bytes = new TextEncoder();
    return new Response(new ReadableStream({async pull(to) {
      const {done, value} = await reader.read();
      if (done) return to.close();
      const text = new TextDecoder().decode(value), at = text.indexOf('data: {"msg":"close_stream"');
      if (at < 0) return to.enqueue(value);
      to.enqueue(bytes.encode(text.slice(0, at)));
      window.ending = true;
      await new Promise((later) => setTimeout(later, 1500));
      window.ending = false;
      to.enqueue(bytes.encode(text.slice(at)));
    }}), answer);"""
"""The end of every stream reaches the page a beat and a half after the server said it."""
LATE_NAME = """
    if (url.includes("/queue/join")) await new Promise((later) => setTimeout(later, 700));
    return answer;"""
"""What an event is called reaches the page after its answer."""


def delayed(page: Page, how: str) -> None:
    """Have what the network brings come late, below whatever the page puts over it."""
    page.add_init_script(f"""(() => {{
  const plain = window.fetch;
  window.fetch = async (...asked) => {{
    const answer = await plain(...asked), url = asked[0].url ?? String(asked[0]);{how}
  }};
}})();""")


@pytest.mark.parametrize("how", [LATE_END, LATE_NAME], ids=["late end", "late name"])
def test_a_choice_is_answered_however_late_the_stream_ends(
    how: str, page: Page, visit: Callable[..., Page], runs: dict[str, dict[str, Any]]
) -> None:
    delayed(page, how)
    visit(f"?tab=pairs&f.run={runs['conscience']['id']}")  # the events of a page that opens follow each other closely
    for word in ("one", "two", "three"):
        if how is LATE_END:
            page.wait_for_function("window.ending")
        fill(page, "#pairs-text", word)
        page.wait_for_url(re.compile(rf"f.text={word}"))
        expect(page.locator("#pairs-chips .chip", has_text=word)).to_be_visible()
    open_tab(page, "Conscience")
    answer(page)
