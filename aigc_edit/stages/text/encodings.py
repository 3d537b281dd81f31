"""Text of unknown encoding, as old subtitle files are."""

from __future__ import annotations

import codecs

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# What subtitles were written in before UTF-8. With all codecs of Python to choose from, French
# comes out as Baltic and German as Icelandic; cp932 and cp1252 hold Shift-JIS and Latin-1.
_LEGACY = ["gb18030", "big5", "cp932", "cp949", "cp1251", "cp1252"]


def decoded(data: bytes) -> str:
    """The text: by its byte order mark, as UTF-8, or as the most plausible old encoding.

    >>> decoded("Grüße".encode("utf-16")), decoded("再见。明天见。".encode("gb18030"))
    ('Grüße', '再见。明天见。')
    """
    for mark, encoding in _MARKS.items():
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    if b"\0" in data:
        little = data[1::2].count(0) >= data[::2].count(0)
        return data.decode("utf-16-le" if little else "utf-16-be", "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode(_legacy(data), "replace")


def _legacy(data: bytes) -> str:
    import charset_normalizer

    best = charset_normalizer.from_bytes(data, cp_isolation=_LEGACY).best()
    return best.encoding if best is not None else "cp1252"
