"""Options that were refused, in the words of those who write pipeline files."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pydantic

from aigc_edit.api import PluginError, StageOptions
from aigc_edit.errors import suggestion
from aigc_edit.words import counted

Keys = tuple[str | int, ...]

# What is wanted, by the first word of the type of pydantic's error.
_WANTED = {
    "bool": "true or false",
    "dict": "a mapping",
    "float": "a number",
    "int": "a whole number",
    "list": "a list",
    "model": "a mapping",
    "string": "text",
    "tuple": "a list",
}
_SHORTAGE = {"too_short": ("min_length", "at least"), "too_long": ("max_length", "at most")}


@dataclass(frozen=True)
class Refusal:
    """One thing that is wrong with options: where among them, what, and what to do."""

    keys: Keys
    what: str
    cure: str = ""


def refusals(
    model: type[StageOptions], values: Mapping[str, Any], invalid: pydantic.ValidationError
) -> Iterator[Refusal]:
    """What is wrong with the values that were given.

    Raises:
        PluginError: nothing is; a default of the class is wrong.
    """
    errors = [(_keys(error), error) for error in invalid.errors()]
    for keys, error in errors:
        inner = any(len(other) > len(keys) and other[: len(keys)] == keys for other, _ in errors)
        if error["type"] != "missing" and not _is_given(values, keys):
            raise _wrong_default(model, keys, error)
        if not inner:  # else it is said there
            yield _refusal(model, keys, error)


def _keys(error: Any) -> Keys:
    """Without the words that pydantic puts between, such as `function-before[...]`."""
    return tuple(key for key in error["loc"] if not str(key).startswith("function-"))


def _is_given(values: Any, keys: Keys) -> bool:
    for key in keys:
        if not isinstance(values, dict):
            return True  # in a list, or short for something
        if key not in values:
            return False
        values = values[key]
    return True


def _refusal(model: type[StageOptions], keys: Keys, error: Any) -> Refusal:
    name = ".".join(map(str, keys))
    if error["type"] == "extra_forbidden":
        known = list(_fields_at(model, keys[:-1]))
        return Refusal(keys, f"no option {name!r}", suggestion(str(keys[-1]), known))
    plain, cure = _in_words(error), ""
    if plain:
        cure = _help(model, keys)
    else:
        message = error["msg"].removeprefix("Value error, ")
        told = "" if error["type"] == "value_error" else f" (not {_shown(error['input'])})"
        plain = f"{_lowered(message) if name else message}{told}"
    return Refusal(keys, f"{name}: {plain}" if name else plain, cure)


def _in_words(error: Any) -> str:
    """What is said of values that are missing or of the wrong kind; nothing for other errors."""
    kind = error["type"]
    first, _, rest = kind.partition("_")
    if kind == "missing":
        return "must be given"
    if kind in _SHORTAGE:
        limit, word = _SHORTAGE[kind]
        has = counted(error["ctx"]["actual_length"], "value")
        return f"has {has}, and wants {word} {error['ctx'][limit]}"
    if first in _WANTED and rest in ("type", "parsing", "from_float"):
        return f"wants {_WANTED[first]}, not {_shown(error['input'])}"
    return ""


def _shown(given: Any) -> str:
    return f"{float(given):g}" if isinstance(given, Fraction) else repr(given)


def _lowered(message: str) -> str:
    """A sentence after a colon; names such as FFmpeg stay."""
    first, second = message[:1], message[1:2]
    return first.lower() + message[1:] if second.islower() or second == " " else message


def _help(model: type[StageOptions], keys: Keys) -> str:
    """What the innermost option that the keys lead to means."""
    for end in range(len(keys), 0, -1):
        fields = _fields_at(model, keys[: end - 1])
        if keys[end - 1] in fields:
            return fields[str(keys[end - 1])].description or ""
    return ""


def _fields_at(model: type[StageOptions], keys: Sequence[str | int]) -> Mapping[str, Any]:
    for key in keys:
        field = model.option_fields().get(str(key))
        inner = field.annotation if field is not None else None
        if not (isinstance(inner, type) and issubclass(inner, StageOptions)):
            return {}
        model = inner
    return model.option_fields()


def _wrong_default(model: type[StageOptions], keys: Keys, error: Any) -> PluginError:
    refused = _refusal(model, keys, error)
    return PluginError(
        f"a default of {model.__qualname__} is refused by itself: {refused.what}",
        where=_place(model),
        cure="Mend that class; the pipeline file is not to blame.",
    )


def _place(model: type) -> str:
    """FILE:LINE of a class, or its module where there is no source."""
    try:
        return f"{inspect.getsourcefile(model)}:{inspect.getsourcelines(model)[1]}"
    except (OSError, TypeError):
        return model.__module__
