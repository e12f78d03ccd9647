"""What an endpoint answers with: nouns as plain JSON, and a refusal as its one line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import gradio as gr

from lab.errors import LabError

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


def said(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Let a LabError reach the caller as its one line."""

    @wraps(function)
    def inner(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return function(*args, **kwargs)
        except LabError as error:
            raise gr.Error(error.message, print_exception=False) from None

    return inner
