"""Whether what came out of a bundle's JSON has the types that its noun says: a noun itself believes whoever makes it.

Columns that are no JSON have the type of their Parquet column, which is looked at before.
"""

from __future__ import annotations

import math
import types
from dataclasses import is_dataclass
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

_LARGEST = 2**63
"""No number of the database is as large."""


def fits(kind: Any, value: Any) -> bool:
    """Whether `value` is of a noun's type hint, all the way down. Raises TypeError for a hint that no noun has."""
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return any(fits(part, value) for part in get_args(kind))
    if origin is tuple:
        return isinstance(value, tuple) and all(fits(get_args(kind)[0], part) for part in value)
    if origin is dict:
        keys, values = get_args(kind)
        return isinstance(value, dict) and all(fits(keys, k) and fits(values, v) for k, v in value.items())
    if kind in (None, types.NoneType):
        return value is None
    if not isinstance(kind, type):
        raise TypeError(f"no noun has a field of type {kind}")
    if is_dataclass(kind):
        return type(value) is kind and all(fits(hint, getattr(value, name)) for name, hint in _hints(kind).items())
    if kind is float:
        return type(value) in (int, float) and math.isfinite(value)
    if kind is int:
        return type(value) is int and -_LARGEST <= value < _LARGEST
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
