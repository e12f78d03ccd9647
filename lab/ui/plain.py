"""What an endpoint answers with: nouns as plain JSON, and a refusal as its one line."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

import gradio as gr

from lab.errors import LabError, RequestError

Json = dict[str, Any]
_P = ParamSpec("_P")
_R = TypeVar("_R")


def plain(value: Any) -> Any:
    """A noun, or what is made of nouns, as JSON."""
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, datetime) else value


def with_id(noun: Any) -> Json:
    """A noun's fields and its id."""
    return plain({"id": noun.id, **asdict(noun)})


def texts(**given: Any) -> tuple[str, ...]:
    """What a client sent for texts, as texts, whatever Gradio handed on: a number is written out, None is empty.

    Raises RequestError for anything else.
    """
    for name, value in given.items():
        if isinstance(value, bool) or not isinstance(value, str | int | None):
            raise RequestError(f"{name} is of type {type(value).__name__}: give a text.", field=name)
    return tuple("" if value is None else str(value) for value in given.values())


def said(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Let a LabError reach the caller as its one line, that an argument is no text among them."""
    names = list(inspect.signature(function).parameters)
    wanted = [name for name in names if function.__annotations__[name] in ("str", str)]

    @wraps(function)
    def inner(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            given: dict[str, Any] = {**dict(zip(names, args, strict=False)), **kwargs}
            told = [name for name in wanted if name in given]
            given |= dict(zip(told, texts(**{name: given[name] for name in told}), strict=True))
            return cast(Callable[..., _R], function)(**given)
        except LabError as error:
            raise gr.Error(error.message, print_exception=False) from None

    return inner
