"""A file over HTTP (RFC 9110): what arrived before a break is kept, and the rest asked for."""

from __future__ import annotations

import errno
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from pathlib import Path

from aigc_edit.errors import ModelError, one_line

Heard = Callable[[int, int], None]
"""Called with the bytes that are here and all bytes, 0 where nobody knows."""

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_REFUSALS = range(300, 500)  # 3xx: a redirection that is not followed
_PASSING = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS)
_CHUNK = 1 << 18
_WORTH_IT = 1 << 20  # bytes: a try that brought them does not count as one in vain


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a server.

    Attributes:
        silence: seconds without a byte that break a connection.
        pause: seconds before the second try; each further pause is twice as long.
        tries: in a row that may be in vain.
    """

    silence: float = 30.0
    pause: float = 1.0
    tries: int = 5


PATIENT = Patience()


class _LostError(Exception):
    """A connection ended early; or there was none, where nobody `answered`."""

    def __init__(self, reason: object, *, answered: bool = True) -> None:
        super().__init__(one_line(reason))
        self.answered = answered


def download(url: str, part: Path, heard: Heard, patience: Patience) -> None:
    """Fetches what `part` does not hold yet. Whether the bytes are right is for others to say.

    Raises:
        ModelError: nobody answers, the server refuses, connections keep breaking (what arrived
            stays in `part`), or the disk is full (then `part` is removed).
    """
    reached, in_vain = False, 0
    while True:
        before = _size(part)
        try:
            with _writing(part):
                return _append(url, part, heard, patience.silence)
        except _LostError as lost:
            reached = reached or lost.answered
            in_vain = 1 if _size(part) - before >= _WORTH_IT else in_vain + 1
            if in_vain == patience.tries or not reached:
                raise _given_up(url, lost, _size(part)) from lost
        time.sleep(patience.pause * 2 ** (in_vain - 1))


def _append(url: str, part: Path, heard: Heard, silence: float) -> None:
    """One try.

    Raises:
        _LostError: the connection ended early.
    """
    answer = _answer(url, _size(part), silence)
    if answer is None:
        return
    with answer, part.open("ab", buffering=0) as file:
        done, total = _extent(answer, file.tell())
        _ensure_space(part, total - done)
        file.truncate(done)
        heard(done, total)
        for chunk in _chunks(answer):
            rest = memoryview(chunk)
            while rest:
                rest = rest[file.write(rest) :]
            done += len(chunk)
            heard(done, total)
    if done < total:
        raise _LostError(f"it ended after {done} of {total} bytes")


def _answer(url: str, held: int, silence: float) -> HTTPResponse | None:
    """The answer to a request for all after the first `held` bytes; None where that is nothing."""
    request = urllib.request.Request(url)  # noqa: S310 -- the opener knows http and https only
    if held:
        request.add_header("Range", f"bytes={held}-")
    try:
        answer: HTTPResponse = _opener().open(request, timeout=silence)
    except urllib.error.HTTPError as cause:
        cause.close()
        if cause.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return None
        if cause.code in _REFUSALS and cause.code not in _PASSING:
            raise _refused(url, cause) from cause
        raise _LostError(f"{cause.code} {cause.reason}") from cause
    except urllib.error.URLError as cause:
        raise _LostError(cause.reason, answered=False) from cause
    except (OSError, HTTPException) as cause:
        raise _LostError(cause) from cause
    return answer


def _opener() -> urllib.request.OpenerDirector:
    """Without urllib's handlers for file:, data: and ftp:, which a redirection could name."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _extent(answer: HTTPResponse, held: int) -> tuple[int, int]:
    """At which byte an answer begins, and how many there are in all (0: unknown)."""
    if answer.status != HTTPStatus.PARTIAL_CONTENT:  # a server that knows no ranges: all of it
        return 0, answer.length or 0
    if not answer.getheader("Content-Range", "").startswith(f"bytes {held}-"):
        raise _LostError("the answer is not the range that was asked for")
    return held, held + (answer.length or 0)


def _chunks(answer: HTTPResponse) -> Iterator[bytes]:
    while True:
        try:
            chunk = answer.read1(_CHUNK)
        except (OSError, HTTPException) as cause:
            raise _LostError(cause) from cause
        if not chunk:
            return
        yield chunk


@contextmanager
def _writing(part: Path) -> Iterator[None]:
    """Turns what can go wrong on disk into one clear error; a disk that is full is relieved."""
    try:
        yield
    except OSError as cause:
        if cause.errno in _NO_SPACE:
            part.unlink(missing_ok=True)
            raise _no_space(part) from cause
        what = f"weights cannot be written ({cause.strerror or cause})"
        cure = "AIGC_EDIT_CACHE names another folder."
        raise ModelError(what, where=part.parent, cure=cure) from cause


def _ensure_space(part: Path, needed: int) -> None:
    if shutil.disk_usage(part.parent).free < needed:
        raise _no_space(part, f", {needed / 1e6:.0f} MB are needed")


def _no_space(part: Path, needed: str = "") -> ModelError:
    return ModelError(
        f"no space left for weights{needed}",
        where=part.parent,
        cure="Free some space, or name another folder with AIGC_EDIT_CACHE.",
    )


def _refused(url: str, cause: urllib.error.HTTPError) -> ModelError:
    return ModelError(
        f"the server refuses ({cause.code} {cause.reason})",
        where=url,
        cure="AIGC_EDIT_MODELS_URL names another server.",
    )


def _given_up(url: str, lost: _LostError, held: int) -> ModelError:
    if not lost.answered:
        return ModelError(
            f"cannot be reached ({lost})", where=url, cure="Check the address and the network."
        )
    kept = f"The first {held / 1e6:.1f} MB are kept: try again." if held else "Try again later."
    return ModelError(f"the connection keeps breaking ({lost})", where=url, cure=kept)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
