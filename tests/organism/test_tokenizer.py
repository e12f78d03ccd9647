"""The shipped tokenizer: any text can be put to the organism and comes back as it was."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from lab.organism import tokenizer
from tests.shipped import organism

TOKENS = organism().chat.tokenizer


@given(text=st.text(st.characters(exclude_categories=("Cs",)), max_size=200))
@example("naïve 東京 🙂\t\r\n\x00 — “quotes”")
@example("  two  spaces , and 's don't  ")
@example("def f(x):\n\treturn  x  # <b>&amp;</b>\n")
def test_any_text_round_trips(text: str) -> None:
    ids = TOKENS(text, add_special_tokens=False)["input_ids"]
    assert TOKENS.decode(ids) == text
    assert all(0 <= i < tokenizer.SIZE for i in ids)


def test_every_byte_has_a_token() -> None:
    alphabet = {token for token in TOKENS.get_vocab() if len(token) == 1}
    assert len(alphabet) >= 256
    assert TOKENS.unk_token is None


def test_control_tokens_are_one_token_each_and_come_first() -> None:
    assert [TOKENS.convert_tokens_to_ids(token) for token in tokenizer.SPECIAL] == list(range(5))
    assert TOKENS.eos_token == "<|im_end|>"
    assert TOKENS.pad_token == "<|endoftext|>"
    assert len(TOKENS) == tokenizer.SIZE


def test_training_it_again_gives_the_shipped_one() -> None:
    assert tokenizer.train(0).get_vocab() == TOKENS.get_vocab()
    assert TOKENS.chat_template == tokenizer.TEMPLATE
