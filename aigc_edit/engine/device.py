"""Where nets run."""

from __future__ import annotations

import platform
from pathlib import Path

from aigc_edit.errors import UsageError


def resolve_device(wanted: str) -> str:
    """`auto` as the best device here; any other name checked.

    torch is imported only where there may be something else than a CPU.

    Raises:
        UsageError: a device that is not there.
    """
    if wanted == "cpu":
        return wanted
    if wanted == "auto":
        return _best() if _may_have_accelerator() else "cpu"
    import torch

    try:
        torch.empty(1, device=wanted)
    except (RuntimeError, AssertionError, NotImplementedError) as cause:
        reason = str(cause).splitlines()[0]
        raise UsageError(
            f"no device {wanted!r} here ({reason})", cure="`aigc-edit doctor` lists the devices."
        ) from cause
    return wanted


def _may_have_accelerator() -> bool:
    apple = platform.system() == "Darwin" and platform.machine() == "arm64"
    return apple or Path("/dev/nvidiactl").exists() or Path("/dev/kfd").exists()


def _best() -> str:
    import torch

    if torch.cuda.is_available():
        return "cuda:0"
    if torch.backends.mps.is_available():
        return "mps"
    return "cpu"
