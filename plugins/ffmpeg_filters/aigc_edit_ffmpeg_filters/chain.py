"""A filter chain as text, `hue=s=0, vignette`, taken apart and checked before it runs.

The text is read by FFmpeg's rules (ffmpeg-utils, "Quoting and escaping"; ffmpeg-filters,
"Notes on filtergraph escaping"), and libavfilter is handed what was read, quoted anew: so what
was checked here is what runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from aigc_edit.api import PluginError

from .known import FILE_OPTIONS, FILE_WORDS, NEEDED, ONE_THREAD

_SPACE = " \n\t\r"
_KEY = re.compile(r"\s*([-A-Za-z0-9_/.]+)\s*=")
_ONE_CHAIN = "one chain without labels is wanted: no [, ], or ;"


@dataclass(frozen=True, slots=True)
class Step:
    """One filter of a chain.

    Attributes:
        given: its arguments in order: the option's name, None where it goes by its place, and
            the value without quotes.
    """

    name: str
    given: tuple[tuple[str | None, str], ...] = ()

    @property
    def arguments(self) -> str:
        """The arguments for libavfilter, every value in quotes."""
        given = (*self.given, ("threads", "1")) if self.name in ONE_THREAD else self.given
        return ":".join(
            _quoted(value) if key is None else f"{key}={_quoted(value)}" for key, value in given
        )


def parse_chain(text: str) -> tuple[Step, ...]:
    """The filters of a chain.

    >>> parse_chain("hue=s=0, gblur=2")
    (Step(name='hue', given=(('s', '0'),)), Step(name='gblur', given=((None, '2'),)))

    Raises:
        ValueError: it is no chain.
    """
    steps, at = [], 0
    while True:
        name, at = _token(text, at, "=,;[]")
        arguments = ""
        if text[at : at + 1] == "=":
            arguments, at = _token(text, at + 1, ",;[]")
        if text[at : at + 1] not in ("", ","):
            raise ValueError(_ONE_CHAIN)
        if not name:
            raise ValueError("a filter's name is missing between commas")
        steps.append(Step(name, tuple(_pairs(arguments))))
        if at >= len(text):
            return tuple(steps)
        at += 1


def _pairs(arguments: str) -> Iterator[tuple[str | None, str]]:
    at = 0
    while at < len(arguments):
        key = _KEY.match(arguments, at)
        value, at = _token(arguments, key.end() if key else at, ":")
        yield key.group(1) if key else None, value
        at += 1


def _token(text: str, at: int, ends: str) -> tuple[str, int]:
    """The text from `at` to one of `ends`, without quotes and escapes, and where it ended.

    As `av_get_token` of libavutil: blanks around it do not count, unless they are quoted.
    """
    out, kept = "", 0
    while at < len(text) and text[at] in _SPACE:
        at += 1
    while at < len(text) and text[at] not in ends:
        if text[at] == "\\" and at + 1 < len(text):
            out += text[at + 1]
            kept, at = len(out), at + 2
        elif text[at] == "'":
            closing = text.find("'", at + 1)
            if closing < 0:
                raise ValueError("a quote ' is never closed")
            out += text[at + 1 : closing]
            kept, at = len(out), closing + 1
        else:
            out, at = out + text[at], at + 1
    return out[:kept] + out[kept:].rstrip(_SPACE), at


def _quoted(value: str) -> str:
    return "'" + value.replace("'", r"'\''") + "'"


def check_chain(text: str, allowed: frozenset[str], refused: Mapping[str, str], kind: str) -> None:
    """Refuses what may not or cannot run.

    Args:
        allowed, refused: names of filters; refused ones with the reason.
        kind: `video` or `audio`, for messages.

    Raises:
        ValueError: which filter is refused, and why.
    """
    for step in parse_chain(text):
        if step.name in refused:
            raise ValueError(f"{step.name} is refused: {refused[step.name]}")
        if step.name not in allowed:
            raise ValueError(f"{step.name} is no {kind} filter with one input and one output")
        _check_files(step)
        _check_needed(step)
        _check_made(step)


def _check_files(step: Step) -> None:
    """Files are neither read nor written, whoever wrote the pipeline."""
    by_hand = FILE_OPTIONS.get(step.name, ())
    for key, _ in step.given:
        if key is not None and (key in by_hand or FILE_WORDS.search(key)):
            raise ValueError(f"{step.name}={key} is refused: it names a file")
    if by_hand and any(key is None for key, _ in step.given[1:]):
        raise ValueError(f"{step.name}: write name=value for all but its first option")


def _check_needed(step: Step) -> None:
    keys, reason = NEEDED.get(step.name, ((), ""))
    if keys and not any(key in keys for key, _ in step.given):
        raise ValueError(f"{step.name} is refused: {reason}")


def _check_made(step: Step) -> None:
    """Lets libavfilter judge the options."""
    import av.error
    import av.filter

    try:
        av.filter.Graph().add(step.name, step.arguments)
    except av.error.FFmpegError as cause:
        raise ValueError(f"{_told(step)} is refused by FFmpeg ({cause.strerror})") from cause
    except ValueError as cause:
        raise ValueError(f"{step.name} is missing in the FFmpeg that PyAV carries") from cause


def _told(step: Step) -> str:
    said = ":".join(value if key is None else f"{key}={value}" for key, value in step.given)
    return f"{step.name}={said}" if said else step.name


def linked(graph: Any, source: Any, text: str, *ends: tuple[str, str]) -> None:
    """Puts a chain, and then `ends` (name, arguments), behind a source, and makes it ready."""
    steps = [(step.name, step.arguments) for step in parse_chain(text)]
    graph.link_nodes(source, *(graph.add(*step) for step in (*steps, *ends)))
    graph.configure()


@contextmanager
def refusing(stage: str, text: str) -> Iterator[None]:
    """Says what libavfilter refuses as an error that names the chain.

    Raises:
        PluginError: it cannot be run over such frames or samples.
    """
    import av.error

    try:
        yield
    except av.error.FFmpegError as cause:
        what = f"FFmpeg cannot run the filters {text!r} here ({cause.strerror})"
        raise PluginError(
            what, where=stage, cure="Look their options up in ffmpeg-filters."
        ) from cause


def broken(stage: str, what: str) -> PluginError:
    """The error for a chain that does not keep frames or samples one for one."""
    return PluginError(
        f"the filter chain {what}",
        where=stage,
        cure="Number, order and times of frames, and rate and channels of sound, must stay.",
    )
