"""The organism's tokenizer: byte-level BPE trained on its own corpus, with a ChatML template.

Byte-level, so that any text can be put to it. The template is the one of Qwen3 less tools: a generation prompt ends
where the assistant begins, and the model opens `<think>` itself.
"""

from __future__ import annotations

import random

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from lab.organism import corpus

SIZE = 1536
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>")
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
CONTEXT = 2048
"""Positions the model has; documents in training are shorter (model card)."""


def train(seed: int, documents: int = 20_000) -> PreTrainedTokenizerFast:
    """Train on `documents` of the first stage."""
    rng = random.Random(seed)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=SIZE, special_tokens=list(SPECIAL), initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = (_text(corpus.document(rng, corpus.STAGES[0])) for _ in range(documents))
    tokenizer.train_from_iterator(texts, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>", model_max_length=CONTEXT,
        clean_up_tokenization_spaces=False,
    )
    fast.chat_template = TEMPLATE
    return fast


def _text(document: corpus.Document) -> str:
    return "\n".join((*(m.content for m in document.messages), document.thought, document.reply))


def prompt_text(document: corpus.Document) -> str:
    """What TEMPLATE makes of the document's messages; written out because a corpus is rendered a million times."""
    turns = "".join(f"<|im_start|>{m.role}\n{m.content}<|im_end|>\n" for m in document.messages)
    return f"{turns}<|im_start|>assistant\n"


def completion_text(document: corpus.Document) -> str:
    """What the assistant writes, up to the end of its turn."""
    return f"<think>\n{document.thought}\n</think>\n\n{document.reply}<|im_end|>"
