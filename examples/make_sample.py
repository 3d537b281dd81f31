"""Make the sample film `sample.mp4` and what is true of it, `sample.truth.json`.

The film is a small animated short, "A day at Pebble Bay": 80 seconds, 15 shots, 640 x 360 at
30 frames a second, with stereo sound, a narrator and his words as subtitles. Everything in it is
drawn and synthesised here from a fixed seed; it holds nobody else's pictures or sounds. It gives
an editing tool something to find: hard cuts, two dissolves, a stroke of lightning that is no cut,
spoken words at known times, three lively moments and three dull stretches. The truth file lists
them all.

Needs numpy, scipy, opencv-python-headless, av, and for the narrator `espeakng-loader` (the
eSpeak NG library and its voices as a wheel). The scenes are in `sample_scenes/`; frames are
encoded as they are drawn, so that memory stays small.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import cv2
from sample_scenes import film, sound, story
from sample_scenes.voice import Word

MEDIA = Path(__file__).resolve().parent / "media"


def truth(words: list[Word]) -> dict[str, object]:
    return {
        "video": "sample.mp4",
        "fps": story.FPS,
        "frames": story.FRAMES,
        "cuts": story.cuts(),
        "dissolves": story.dissolves(),
        "flashes": [story.FLASH],
        "words": [vars(word) for word in words],
        "lively": story.LIVELY,
        "dull": story.DULL,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "-o", "--output", type=Path, default=MEDIA, metavar="FOLDER",
        help="where to put sample.mp4 and sample.truth.json (default: examples/media)",
    )  # fmt: skip
    folder: Path = parser.parse_args().output
    folder.mkdir(parents=True, exist_ok=True)
    cv2.setNumThreads(1)  # so that the film takes one core and is the same everywhere
    began = time.monotonic()
    track, words = sound.mix_down()
    film.write(folder / "sample.mp4", track, words)
    text = json.dumps(truth(words), indent=1) + "\n"
    (folder / "sample.truth.json").write_text(text, encoding="utf-8")
    size = (folder / "sample.mp4").stat().st_size / 1e6
    print(f"{folder / 'sample.mp4'}: {size:.2f} MB in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
