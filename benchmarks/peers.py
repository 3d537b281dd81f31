"""What users do today: MoviePy to cut, librosa to listen. Each runs as a process of its own."""

from __future__ import annotations

import argparse
import json


def moviepy_cut(film: str, spans: list[list[float]], output: str) -> None:
    from moviepy import VideoFileClip, concatenate_videoclips

    with VideoFileClip(film) as clip:
        joined = concatenate_videoclips([clip.subclipped(a, b) for a, b in spans])
        joined.write_videofile(
            output,
            codec="libx264",
            preset="veryfast",
            audio_codec="aac",
            audio_bitrate="160k",
            ffmpeg_params=["-crf", "20"],
            logger=None,
        )


def librosa_listen(film: str, wav: str) -> None:
    """Loudness and onsets of a film, as tutorials do it: sound to a file, then librosa."""
    import librosa
    from moviepy import AudioFileClip

    with AudioFileClip(film) as sound:
        sound.write_audiofile(wav, logger=None)
    samples, rate = librosa.load(wav, sr=22_050)
    librosa.feature.rms(y=samples)
    librosa.onset.onset_strength(y=samples, sr=rate)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", choices=["cut", "listen"])
    parser.add_argument("film")
    parser.add_argument("output")
    parser.add_argument("--spans", type=json.loads, default=[])
    parsed = parser.parse_args()
    if parsed.work == "cut":
        moviepy_cut(parsed.film, parsed.spans, parsed.output)
    else:
        librosa_listen(parsed.film, parsed.output)


if __name__ == "__main__":
    main()
