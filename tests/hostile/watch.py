"""What a command reaches for, as strace sees it: networks, foreign files, writes elsewhere."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

_CALLS = "trace=connect,bind,sendto,openat,open,creat,rename,renameat,renameat2,mkdir,mkdirat"
_NET = re.compile(r"(connect|bind|sendto)\(.*AF_INET")
_WRITES = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|^\d+ +(creat|rename|renameat2?|mkdir|mkdirat)\(")
_PATH = re.compile(r'"(/[^"]*)"')
_HARMLESS = ("/dev/", "/proc/", "/sys/")


@cache
def available() -> bool:
    """Whether this machine lets us look."""
    return shutil.which("strace") is not None


def watched(command: Sequence[str], report: Path) -> list[str]:
    return ["strace", "-f", "-qq", "-s", "4096", "-e", _CALLS, "-o", str(report), *command]


def reached(report: Path, allowed: Path) -> Iterator[str]:
    """Complaints: every network call, every look at /etc/passwd, every write outside `allowed`."""
    for line in report.read_text(errors="replace").splitlines():
        if "= -1" in line and "EINPROGRESS" not in line and "ECONNREFUSED" not in line:
            continue
        if _NET.search(line):
            yield f"reaches for the network: {line[:160]}"
        paths = _PATH.findall(line)
        if "/etc/passwd" in paths:
            yield "opens /etc/passwd"
        if _WRITES.search(line):
            yield from (f"writes elsewhere: {p}" for p in paths if not _own(p, allowed))


def _own(path: str, allowed: Path) -> bool:
    return path.startswith((str(allowed), *_HARMLESS)) or "__pycache__" in path
