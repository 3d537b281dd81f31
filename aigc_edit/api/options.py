"""Options of a stage: data beside their owner, one line of meaning each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

from aigc_edit.api.units import FOLDER


def _written_name(name: str) -> str:
    return name.removesuffix("_")


class StageOptions(BaseModel):
    """Base of every stage's `Options`: frozen, unknown keys refused, defaults checked.

    An option whose name is a word of Python gets an underscore that nobody else sees: `from_` is
    `from` in pipeline files.

    >>> class Options(StageOptions):
    ...     strength: float = option(0.8, ge=0, le=1, help="How much is blended in.")
    """

    # Built at first use: listing fifty plugins must not take a second.
    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        validate_default=True,
        defer_build=True,
        alias_generator=_written_name,
        validate_by_name=True,
        serialize_by_alias=True,
    )

    @classmethod
    def option_fields(cls) -> dict[str, FieldInfo]:
        """All options by the names that pipeline files have for them."""
        return {_written_name(name): field for name, field in cls.model_fields.items()}

    @classmethod
    def given_in(cls, folder: Path, values: Mapping[str, Any]) -> Self:
        """Options as a pipeline file in that folder has them: a `FilePath` begins there.

        Raises:
            pydantic.ValidationError: with all that is wrong.
        """
        return cls.model_validate(values, context={FOLDER: folder})


def option(
    default: Any = ...,
    *,
    help: str,  # noqa: A002 -- the word of argparse, click and typer
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    min_length: int | None = None,
    max_length: int | None = None,
    pattern: str | None = None,
) -> Any:
    """One option: its default (none: must be given), its range, and what it means.

    `min_length`, `max_length` and `pattern` (a regular expression for the whole) are for text;
    the lengths for lists, too.

    >>> title: str = option("Chapter {n}", max_length=80, help="Title of each.")
    """
    limits = {
        "ge": ge,
        "gt": gt,
        "le": le,
        "lt": lt,
        "min_length": min_length,
        "max_length": max_length,
        "pattern": rf"^(?:{pattern})$" if pattern else None,
    }
    given = {key: limit for key, limit in limits.items() if limit is not None}
    field: Any = Field
    return field(default, description=help, **given)
