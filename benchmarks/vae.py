"""How quick the autoencoder of frames is; `aigc-edit evaluate style-vae` says how good.

python -m benchmarks.vae [--weights FILE] [--threads N]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import torch

from aigc_edit.models.vae import FrameVae, shipped

SIZES = ((640, 360), (1280, 720))
ROUNDS = 5


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weights", type=Path, default=shipped())
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    net = FrameVae.load(options.weights).to(memory_format=torch.channels_last)
    for width, height in SIZES:
        print(f"{width}x{height}: {speed(net, width, height)}", flush=True)


@torch.no_grad()
def speed(net: FrameVae, width: int, height: int) -> str:
    """Processor time of the quickest of a few rounds; who else works here hardly changes it."""
    frames = torch.rand(1, 3, height, width).to(memory_format=torch.channels_last)
    rounds = []
    for _ in range(ROUNDS):
        times = [time.process_time()]
        posterior = net.encode(frames)
        times.append(time.process_time())
        net.decode(posterior.mean, height, width)
        times.append(time.process_time())
        rounds.append((times[1] - times[0], times[2] - times[1]))
    encoding, decoding = (1000 * min(times) for times in zip(*rounds, strict=True))
    return f"{encoding:.0f} ms to encode, {decoding:.0f} ms to decode a frame"


if __name__ == "__main__":
    main()
