"""A tokenizer and its conversation format: prompts in, completions out, thoughts told from replies.

All text that a model is trained on and all text that is read from it passes through here, so that the two agree token
by token. The format is the tokenizer's own: its chat template, its end-of-turn token, its think tags if it has any.
Nothing here knows a model's weights.

Text from outside (a request, an answer under review) is never allowed to act as markup: a control token that is
spelled out in it, such as `<|im_end|>`, is broken by a space and so read as the characters it consists of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from jinja2.exceptions import TemplateError

from lab.errors import ModelError, PromptError
from lab.nouns import Message

THINK_TAGS = ("<think>", "</think>")
"""The tags that open and close a chain of thought, in every family that has them as tokens."""

_LONGEST_CHARACTER = 4
"""Bytes of a character in UTF-8, and so the most tokens that it can be split over."""

ANSWER_CUE = "\n\nAnswer:"
"""What is put between free thought and label for a model without think tags."""


@dataclass(frozen=True, kw_only=True)
class Parsed:
    """A completion taken apart."""

    thought: str
    """The chain of thought without its tags; empty when there was none."""
    reply: str
    """What follows it."""
    complete: bool
    """Whether the think tags are well formed: one pair, opening the text; or none where the model may do without."""


class Chat:
    """A tokenizer and its conversation format.

    `stop_ids` end a turn, `end_id` is the one that the template itself writes, `pad_id` fills masked places.
    `think_open` and `think_close` are the tags' text, None for a model without them.
    """

    def __init__(self, tokenizer: Any, *, stop_ids: Iterable[int] = ()) -> None:
        """Read the format from a fast `tokenizer`; `stop_ids` are further ends of turn (from the model's settings).

        Raises ModelError when there is no chat template, or one that cannot hold a user's message.
        """
        self.tokenizer = tokenizer
        if not tokenizer.chat_template:
            raise ModelError(
                "The tokenizer has no chat template, so the model cannot be asked anything: choose an instruct model.",
                field="model",
            )
        try:
            cue = self.prompt_text((Message(role="user", content="Hi"),))
        except PromptError as error:
            raise ModelError(f"The chat template cannot be used: {error.message}", field="model") from error
        vocabulary = tokenizer.get_added_vocab()
        tags = [vocabulary.get(tag) for tag in THINK_TAGS]
        # A template that writes an empty thought itself is one for a model that does not think.
        closed = cue.rstrip().endswith(THINK_TAGS[1])
        self._open_id, self._close_id = (None, None) if closed or None in tags else tags
        self.think_open, self.think_close = THINK_TAGS if self._close_id is not None else (None, None)
        self.opens_thought = self.think_open is not None and cue.rstrip().endswith(self.think_open)
        """Whether the generation prompt already holds the opening tag."""
        # Most templates that open the thought also write the newline after the tag: a second one is no model's own.
        self._line_feed = "" if self.opens_thought and cue.endswith("\n") else "\n"
        self.must_think = self.opens_thought or (
            self.think_close is not None and self.think_close in str(tokenizer.chat_template)
        )
        """Whether a completion without tags is broken; a template that never mentions them allows it."""
        self.end_id: int = self._end_of_turn()
        self.stop_ids: frozenset[int] = frozenset(
            i for i in (self.end_id, tokenizer.eos_token_id, *stop_ids) if i is not None
        )
        # Padding is masked, so any token will do: many tokenizers have none of their own.
        self.pad_id: int = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else self.end_id

    # -- prompts ---------------------------------------------------------------------------------------------------

    def prompt_text(self, messages: Sequence[Message]) -> str:
        """The conversation as the model sees it, ending where it is to speak. PromptError for one it cannot hold."""
        if not messages:
            raise PromptError("The conversation is empty: give at least one message.", field="prompt")
        turns = [{"role": m.role, "content": self.inert(m.content)} for m in messages]
        try:
            return self._render(turns)
        except TemplateError as error:
            if turns[0]["role"] != "system" or len(turns) < 2:
                raise PromptError(f"The model's chat template refuses this conversation: {error}.") from error
        head, first, *rest = turns  # families without a system role (Gemma, Mistral) hear it from the user
        try:
            return self._render([{**first, "content": f"{head['content']}\n\n{first['content']}"}, *rest])
        except TemplateError as error:
            raise PromptError(f"The model's chat template refuses this conversation: {error}.") from error

    def prompt_ids(self, messages: Sequence[Message]) -> list[int]:
        """Token ids of `prompt_text`."""
        return self._encode(self.prompt_text(messages))

    def check_fits(self, ids: Sequence[int], context: int, new_tokens: int) -> None:
        """PromptError when `ids` and `new_tokens` more do not fit into `context` positions."""
        over = len(ids) + new_tokens - context
        if over > 0:
            raise PromptError(
                f"The prompt has {len(ids):,} tokens and {new_tokens:,} are kept for the answer, but the model's "
                f"context is {context:,}: shorten the prompt by {over:,} tokens, or ask for a shorter answer.",
                field="prompt",
            )

    def inert(self, text: str) -> str:
        """`text` with every control token broken after its first character, as text from outside is put."""
        return self._control.sub(lambda match: f"{match[0][0]} {match[0][1:]}", text)

    # -- completions -----------------------------------------------------------------------------------------------

    def completion_ids(self, thought: str, reply: str) -> list[int]:
        """What the model should have written: "<think>\\n{thought}\\n</think>\\n\\n{reply}" and the end of turn.

        What of it the generation prompt holds already is left out. With tags that the model may do without, an empty
        thought has none; a model without tags gets the reply alone.
        """
        thought, reply = thought.strip(), reply.strip("\n")
        if self.think_close is None or (not thought and not self.must_think):
            return [*self._encode(self.inert(reply)), self.end_id]
        return [
            *self._thought_head, *self._encode(f"{self._line_feed}{self.inert(thought)}\n"), self._closing,
            *self.label_ids(reply), self.end_id,
        ]

    def plain_ids(self, text: str) -> list[int]:
        """Plain text outside any conversation, and the end of turn."""
        return [*self._encode(self.inert(text)), self.end_id]

    @cached_property
    def opening_ids(self) -> list[int]:
        """What is appended to a prompt to make the model think: the opening tag and its newline; may be empty."""
        if self.think_open is None or self.opens_thought:
            return []
        return [*self._thought_head, *self._encode("\n")]

    @property
    def open_id(self) -> int | None:
        """The opening tag's token; None for a model without tags."""
        return self._open_id

    @property
    def close_id(self) -> int | None:
        """The closing tag's token; None for a model without tags."""
        return self._close_id

    def close_thought(self, thought: Sequence[int], *, closed: bool) -> list[int]:
        """Ids of a thought brought to the point where the reply begins, in the form of `completion_ids`.

        `thought` stops short of the closing tag. `closed` says that the model was about to write it; otherwise the
        thought was cut, and gets the newline that belongs before the tag. Without tags a cue takes the tag's place.
        """
        if self.think_close is None:
            return [*thought, *self._encode(ANSWER_CUE)]
        newline = [] if closed else self._encode("\n")
        return [*thought, *newline, self._closing, *self.joint_ids]

    @cached_property
    def joint_ids(self) -> list[int]:
        """The ids between the closing tag and a one-word reply; empty for a model without tags."""
        if self.think_close is None:
            return []
        ids, bare = self.label_ids("a"), self._encode("a")
        return ids[: len(ids) - len(bare)] if ids[-len(bare) :] == bare else self._encode("\n\n")

    def label_ids(self, reply: str) -> list[int]:
        """Ids of a reply as it stands after a thought: after the closing tag, or after the cue of `close_thought`."""
        if self.think_close is None:
            cue = self._encode(ANSWER_CUE)
            ids = self._encode(ANSWER_CUE + reply)
            return ids[len(cue) :] if ids[: len(cue)] == cue else self._encode(reply)
        return self._encode("\n\n" + self.inert(reply))

    def parse(self, ids: Sequence[int]) -> Parsed:
        """Take a completion apart. Never fails: what is broken is told by `complete`, and no text is lost."""
        kept = [i for i in ids if 0 <= i < len(self.tokenizer) and i not in self.stop_ids]
        if self._open_id is None or self._close_id is None:
            return Parsed(thought="", reply=self._text(kept).strip(), complete=True)
        opened, closed = kept.count(self._open_id), kept.count(self._close_id)
        if opened == closed == 0 and not self.opens_thought:
            return Parsed(thought="", reply=self._text(kept).strip("\n"), complete=not self.must_think)
        inside, outside = kept, []
        if closed:
            place = kept.index(self._close_id)
            inside, outside = kept[:place], kept[place + 1 :]
        if self.opens_thought:
            well = opened == 0 and closed == 1
        else:
            well = opened == closed == 1 and self._open_id in inside
            well = well and not self._text(inside[: inside.index(self._open_id)]).strip()
        thought, reply = (
            self._text([i for i in part if i not in (self._open_id, self._close_id)]) for part in (inside, outside)
        )
        return Parsed(thought=thought.strip(), reply=reply.strip("\n"), complete=well)

    def decode(self, ids: Sequence[int]) -> str:
        """The text of `ids`, think tags included and other control tokens left out."""
        parts: list[str] = []
        run: list[int] = []
        for i in ids:
            if i in (self._open_id, self._close_id) and self.think_open is not None:
                parts += [self._text(run), THINK_TAGS[i == self._close_id]]
                run = []
            elif 0 <= i < len(self.tokenizer):
                run.append(i)
        return "".join((*parts, self._text(run)))

    def settled(self, ids: Sequence[int]) -> Sequence[int]:
        """`ids` without the last ones while these are only the first bytes of a character: what a stream may show."""
        for held in range(min(_LONGEST_CHARACTER, len(ids) + 1)):
            kept = ids[: len(ids) - held]
            if not self._text(kept[-_LONGEST_CHARACTER:]).endswith("\ufffd"):
                return kept
        return ids  # no character is that long: these bytes belong to none

    # -- private ---------------------------------------------------------------------------------------------------

    @property
    def _closing(self) -> int:
        assert self._close_id is not None
        return self._close_id

    @property
    def _thought_head(self) -> list[int]:
        return [] if self.opens_thought or self._open_id is None else [self._open_id]

    @cached_property
    def _control(self) -> re.Pattern[str]:
        added = self.tokenizer.added_tokens_decoder.values()
        tokens = {t.content for t in added if t.special} | set(self.tokenizer.all_special_tokens) | set(THINK_TAGS)
        return re.compile("|".join(re.escape(t) for t in sorted(tokens, key=len, reverse=True) if len(t) > 1))

    def _render(self, turns: Sequence[dict[str, str]]) -> str:
        return self.tokenizer.apply_chat_template(list(turns), tokenize=False, add_generation_prompt=True)

    def _encode(self, text: str) -> list[int]:
        # verbose=False: what is too long is told by `check_fits`, not by a warning of the tokenizer
        return self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]

    def _text(self, ids: Sequence[int]) -> str:
        return self.tokenizer.decode(list(ids), skip_special_tokens=True) if ids else ""

    def _end_of_turn(self) -> int:
        """The token that the template writes after an assistant's message, or else the tokenizer's eos."""
        turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "okay"}]
        try:
            text = self.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=False)
        except TemplateError:
            text = ""
        tail = self._encode(text.rpartition("okay")[2].strip()) if "okay" in text else []
        special = {i for i, token in self.tokenizer.added_tokens_decoder.items() if token.special}
        for i in tail:
            if i in special:
                return i
        if self.tokenizer.eos_token_id is None:
            raise ModelError("The tokenizer has no end-of-turn token: choose an instruct model.", field="model")
        return self.tokenizer.eos_token_id
