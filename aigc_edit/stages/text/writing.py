"""Cues as text of a subtitle file."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from typing import Literal

from aigc_edit.stages.text.cues import Cue

Format = Literal["srt", "vtt", "ass"]


def subtitle_text(cues: Sequence[Cue], kind: Format) -> str:
    """A subtitle file of that kind; times in milliseconds (ASS: hundredths)."""
    from pysubs2 import SSAEvent, SSAFile

    escaped = _ESCAPES[kind]
    file = SSAFile()
    file.events = [
        SSAEvent(
            start=round(cue.span.start * 1000),
            end=round(cue.span.end * 1000),
            text=r"\N".join(map(escaped, cue.texts)),
        )
        for cue in cues
    ]
    # What looks like a tag of ASS is text in the others.
    return file.to_string(kind, **({} if kind == "ass" else {"keep_ssa_tags": True}))


def _srt(text: str) -> str:
    return text.replace("-->", "→")


def _vtt(text: str) -> str:
    return html.escape(text, quote=False)


def _ass(text: str) -> str:
    r"""Braces would be tags, and \N a new line; U+2060 shows nothing and parts them."""
    return text.replace("\\", "\\\u2060").replace("{", "\\{").replace("}", "\\}")


_ESCAPES: dict[Format, Callable[[str], str]] = {"srt": _srt, "vtt": _vtt, "ass": _ass}
