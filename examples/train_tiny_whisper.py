"""Train a very small Whisper on speech of eSpeak NG, store it in 1 MB, expand it, measure it.

The result is a checkpoint in Whisper's own format that knows sixty words: a test instrument for
everything around Whisper (decoding in batches, word times, subtitles), no recogniser. About an
hour on one CPU core. Needs `openai-whisper`, `safetensors`, `scipy`, and `espeakng-loader` (the
eSpeak NG library and its voices as a wheel).

  python train_tiny_whisper.py train work             again to go on after a break
  python train_tiny_whisper.py evaluate work/tiny_whisper.safetensors
  python train_tiny_whisper.py expand work/tiny_whisper.safetensors tiny.pt
"""

from __future__ import annotations

import argparse
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    train = commands.add_parser("train", help="train, or go on with what is in the folder")
    train.add_argument("folder", type=Path, help="for the corpus, checkpoints and the result")
    train.add_argument("--steps", type=int, default=5000)
    train.add_argument("--sentences", type=int, default=10_000, help="how many are spoken")
    train.add_argument("--seed", type=int, default=1)
    train.add_argument("--threads", type=int, default=1)
    train.set_defaults(run=run_train)
    evaluate = commands.add_parser("evaluate", help="print the figures of a stored file")
    evaluate.add_argument("stored", type=Path)
    evaluate.add_argument("--sentences", type=int, default=120)
    evaluate.add_argument("--seed", type=int, default=1000)
    evaluate.set_defaults(run=run_evaluate)
    expand = commands.add_parser("expand", help="make the checkpoint for whisper.load_model")
    expand.add_argument("stored", type=Path)
    expand.add_argument("checkpoint", type=Path)
    expand.set_defaults(run=run_expand)
    say = commands.add_parser("say", help="write a clip of held-out sentences and its truth")
    say.add_argument("clip", type=Path, help="a .flac or .wav; the truth lies beside it as .json")
    say.add_argument("--sentences", type=int, default=12)
    say.add_argument("--seed", type=int, default=2000)
    say.set_defaults(run=run_say)
    options = parser.parse_args()
    options.run(options)


def run_train(options: argparse.Namespace) -> None:
    import torch
    from tiny_whisper.training import Plan, train

    torch.set_num_threads(options.threads)
    plan = Plan(options.folder, options.steps, options.sentences, options.seed)
    print(f"stored as {train(plan)}")


def run_evaluate(options: argparse.Namespace) -> None:
    from tiny_whisper import figures

    for line in figures.report(options.stored, options.sentences, options.seed):
        print(line, flush=True)


def run_expand(options: argparse.Namespace) -> None:
    from tiny_whisper import store

    store.expand(options.stored, options.checkpoint)


def run_say(options: argparse.Namespace) -> None:
    from tiny_whisper import clip

    clip.write(options.clip, options.sentences, options.seed)


if __name__ == "__main__":
    main()
