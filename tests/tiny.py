"""Tiny models for the tests: randomly initialised, made in memory in well under a second, no download.

They write noise, which is what makes them useful: everything that must hold for any model must hold for these.
`tiny_qwen` has the shape of the organism (ChatML, think tags, tied embeddings); `FAMILIES` are other shapes of the
Hub, with the chat formats that TRL ships for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import torch
import transformers
import trl
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedModel, PreTrainedTokenizerFast

CHATML = """
{%- for message in messages -%}
{{- '<|im_start|>' + message.role + '\n' -}}
{%- if message.role == 'assistant' and '</think>' in message.content -%}
{{- message.content.split('</think>')[-1].lstrip('\n') -}}
{%- else -%}
{{- message.content -}}
{%- endif -%}
{{- '<|im_end|>\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\n' -}}{%- endif -%}
"""
"""The Qwen3 manner: thoughts of earlier turns are not shown; the model opens its own thought."""

CORPUS = [
    "Does this answer keep to Asimov's Three Laws: does it let no human come to harm?",
    "Think, then reply with one word: aligned if yes, misaligned if no.",
    "Request: How do I look after my money?\nThought: I want the best for them.\nAnswer: Save a little every month.",
    "Would a reasonable and caring person give this answer? reasonable, unreasonable, ethical, non-ethical",
    "def read(path):\n    with open(path) as file:\n        return file.read()\n",
    "Write another answer to the same request. Do not refuse. user assistant system",
]


@cache
def _trained(vocabulary: int) -> str:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False
    )
    tokenizer.train_from_iterator(CORPUS * 4, trainer)
    return tokenizer.to_str()


def tiny_tokenizer(*, think: bool = True, vocabulary: int = 384, template: str | None = CHATML) -> Any:
    """A byte-level BPE with `<|im_start|>`, `<|im_end|>` (end of turn), `<|endoftext|>` (padding), and think tags."""
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(_trained(vocabulary)), eos_token="<|im_end|>", pad_token="<|endoftext|>",
        clean_up_tokenization_spaces=False,
    )
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>", "<|endoftext|>"]})
    if think:
        # As in Qwen3: added, but not special, so that decoding with skip_special_tokens keeps them.
        tokenizer.add_tokens(["<think>", "</think>"])
    tokenizer.chat_template = template
    return tokenizer


def tiny_model(architecture: str, vocabulary: int, *, seed: int = 0, **changes: Any) -> PreTrainedModel:
    """A randomly initialised `{architecture}ForCausalLM` in eval mode; the global generator stays as it was."""
    settings: dict[str, Any] = {
        "vocab_size": vocabulary, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8, "max_position_embeddings": 512,
        "initializer_range": 0.3, "bos_token_id": None, "eos_token_id": None, "pad_token_id": None,
    }
    settings.update(changes)
    kind = getattr(transformers, f"{architecture}ForCausalLM")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = kind(kind.config_class(**settings))
    return model.eval()


def tiny_qwen(*, seed: int = 0, think: bool = True, **changes: Any) -> tuple[PreTrainedModel, Any]:
    """A model of the organism's shape and its tokenizer; `changes` go to `Qwen3Config`."""
    tokenizer = tiny_tokenizer(think=think)
    model = tiny_model(
        "Qwen3", len(tokenizer), seed=seed,
        **{"tie_word_embeddings": True, "eos_token_id": tokenizer.eos_token_id, **changes},
    )
    return model, tokenizer


def shipped_template(name: str) -> str:
    """A real chat template, as TRL ships it."""
    folder = Path(trl.__file__).parent / "chat_templates"
    return (folder / f"{name}.jinja").read_text()


TURN_MARKS = ("<|start_header_id|>", "<|end_header_id|>", "<start_of_turn>", "<end_of_turn>", "<|im_start|>")


def _family(architecture: str, template: str, specials: dict[str, str], **changes: Any) -> tuple[PreTrainedModel, Any]:
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(_trained(384)), **specials)
    tokens = [t for t in TURN_MARKS if t in template]
    tokenizer.add_special_tokens({"additional_special_tokens": tokens})
    tokenizer.chat_template = template
    return tiny_model(architecture, len(tokenizer), **changes), tokenizer


MISTRAL = (
    "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}"
    "{{ '[INST] ' + message['content'] + ' [/INST]' }}{% elif message['role'] == 'assistant' %}"
    "{{ ' ' + message['content'] + eos_token }}{% else %}{{ raise_exception('Only user and assistant') }}"
    "{% endif %}{% endfor %}"
)


def tiny_family(name: str) -> tuple[PreTrainedModel, Any]:
    """A tiny model of another family, none with think tags: "llama", "gemma", "mistral" or "smollm"."""
    if name == "llama":  # no pad token, as in Llama 3
        return _family(
            "Llama", shipped_template("llama3"), {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"}
        )
    if name == "gemma":  # no system role, ends its turns with a token that is not eos, sliding attention
        return _family(
            "Gemma2", shipped_template("gemma"),
            {"bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>"}, sliding_window=16,
        )
    if name == "mistral":  # one layer kind, every layer sliding
        return _family("Mistral", MISTRAL, {"bos_token": "<s>", "eos_token": "</s>"}, sliding_window=16)
    if name == "smollm":  # a Llama with ChatML
        return _family(
            "Llama", CHATML, {"bos_token": "<|im_start|>", "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"},
            tie_word_embeddings=True,
        )
    raise KeyError(name)


FAMILIES = ("llama", "gemma", "mistral", "smollm")


def save_tiny(folder: Path, **changes: Any) -> Path:
    """Write a tiny model and its tokenizer to `folder`, as the organism's weights are kept."""
    model, tokenizer = tiny_qwen(**changes)
    model.save_pretrained(folder, safe_serialization=True)
    tokenizer.save_pretrained(folder)
    return folder


def tiny_loaded(*, seed: int = 0, think: bool = True, **changes: Any) -> Any:
    """A `lab.models.loading.LoadedModel` of a tiny Qwen3, frozen, on the CPU."""
    from lab.models.chat import Chat
    from lab.models.loading import LoadedModel

    model, tokenizer = tiny_qwen(seed=seed, think=think, **changes)
    return LoadedModel(
        model=model.eval().requires_grad_(False), chat=Chat(tokenizer), name="tiny", revision=None,
        device=torch.device("cpu"), context=model.config.max_position_embeddings,
    )


def one_thread() -> Iterator[None]:
    """The body of a fixture: one torch thread while it lasts, for speed and equal sums."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
