"""`aigc-edit run`: a pipeline over a video, or over many."""

from __future__ import annotations

import argparse
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from aigc_edit.cli import common
from aigc_edit.words import counted

if TYPE_CHECKING:
    from aigc_edit.engine import RunOptions
    from aigc_edit.pipeline import Pipeline

_EPILOG = """\
examples:
  aigc-edit run pipelines/highlight.yaml talk.mp4
  aigc-edit run pipelines/highlight.yaml long.mp4 --split
  aigc-edit run pipelines/highlight.yaml clips/ -o out/
  aigc-edit run pipelines/highlight.yaml 'films/**/*.mkv' -o out/ --name '{folder}/{stem}-best'
  aigc-edit run pipelines/highlight.yaml s3://bucket/clips/ -o s3://bucket/out/

A folder, a pattern or a list is worked through by several processes; the same command goes on
where it was stopped, and `aigc-edit status out/` shows how far it is.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    common.add_pipeline(parser)
    inputs = parser.add_argument(
        "inputs",
        nargs="+",
        metavar="INPUT",
        help="videos, folders, quoted patterns ('**/*.mp4'), URLs of them (s3://, gs://, file://), "
        "@LIST, or - for a list on standard input",
    )
    inputs.required = False  # --list names them, too
    common.add_opening(parser)
    common.add_output(
        parser, "file or folder; default: NAME.PIPELINE.mp4 in this folder; a folder for many"
    )
    parser.add_argument(
        "--review",
        action="store_true",
        help="only write what is said, as a subtitle file to correct, and say how to go on with it",
    )
    _add_many(parser.add_argument_group("many inputs"))
    common.add_running(parser)
    common.add_debug(parser)


def _add_many(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--list",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        dest="lists",
        help="a file that names inputs, one a line, from where it is",
    )
    group.add_argument(
        "--name",
        metavar="TEMPLATE",
        help="of results below -o, from {folder}, {stem}, {name}, {pipeline}, {ext} "
        "(default: {folder}/{stem}.{pipeline}.{ext})",
    )
    group.add_argument(
        "--jobs",
        type=_jobs,
        metavar="N",
        help="processes at a time (default: auto, by cores, memory and GPUs)",
    )
    group.add_argument(
        "--on",
        type=_cluster,
        metavar="CLUSTER",
        help="work on a Ray cluster: ray (one of this machine), ray://HOST:PORT, or HOST:PORT; all "
        "its nodes see inputs, pipeline and -o by the same paths",
    )
    for option, help_text in (
        ("--split", "several processes render one long video, here or --on a cluster"),
        ("--force", "make results anew that are up to date"),
        ("--fail-fast", "take no more files after one has failed"),
        ("--watch", "keep taking files that arrive, until Ctrl-C"),
    ):
        group.add_argument(option, action="store_true", help=help_text)


def _jobs(text: str) -> int | None:
    if text == "auto":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("auto, or a number of 1 and more")
    return int(text)


def _cluster(text: str) -> str:
    host, _, port = text.removeprefix("ray://").rpartition(":")
    if text != "ray" and not (host and port.isdecimal()):
        raise argparse.ArgumentTypeError("ray, ray://HOST:PORT, or HOST:PORT")
    return text


def execute(parsed: argparse.Namespace) -> int:
    from aigc_edit.batch import is_remote, is_single
    from aigc_edit.errors import UsageError

    parsed.inputs = parsed.inputs or []
    pipeline = common.loaded_pipeline(parsed)
    single = is_single(parsed.inputs) and not parsed.lists
    elsewhere = is_remote(parsed.output or "")
    asks_for_many = parsed.name or parsed.watch or elsewhere
    if parsed.split and (asks_for_many or not single):
        cure = "Name one, and leave --name and --watch away; many keep all cores busy as it is."
        raise UsageError("--split is for one video of this machine", cure=cure)
    if single and (parsed.split or not (asks_for_many or parsed.on)):
        return _run_one(parsed, pipeline)
    from aigc_edit.cli.many import run_many

    return run_many(parsed, pipeline)


def _run_one(parsed: argparse.Namespace, pipeline: Pipeline) -> int:
    from aigc_edit.cli.review import review
    from aigc_edit.engine import run

    parsed.input = parsed.inputs[0]
    if parsed.review:
        return review(parsed, pipeline)
    with (
        common.local_input(parsed) as path,
        common.results_alone(parsed),
        _options(parsed, pipeline, path) as options,
    ):
        result = run(pipeline, path, parsed.output, options)
    if not parsed.quiet:
        for line in _summary(result.output, result.files, result.record):
            print(line)
    return 0


def _options(
    parsed: argparse.Namespace, pipeline: Pipeline, path: Path
) -> AbstractContextManager[RunOptions]:
    from aigc_edit.cli.split import with_crew

    if parsed.split:
        return with_crew(parsed, pipeline, path)
    return nullcontext(common.run_options(parsed))


def _summary(output: Path, files: tuple[Path, ...], record: object) -> list[str]:
    assert isinstance(record, dict)
    spans, seconds = len(record["kept"]), record["output"]["duration"]
    took = sum(cost["seconds"] for cost in record["passes"])
    lines = [f"{output}: {seconds:.1f} s from {counted(spans, 'span')}, made in {took:.1f} s"]
    lines += [f"beside it: {', '.join(file.name for file in files)}"]
    return lines + [f"note: {warning}" for warning in record["warnings"]]
