"""`aigc-edit schema`: the JSON Schema of pipeline files."""

from __future__ import annotations

import argparse
import json

from aigc_edit.cli import common


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--all", action="store_true", help="with the stages of other installed distributions"
    )
    common.add_debug(parser)


def execute(parsed: argparse.Namespace) -> int:
    from aigc_edit.pipeline import json_schema, schema_text

    text = schema_text()
    if parsed.all:
        text = json.dumps(json_schema(), indent=2, sort_keys=True, ensure_ascii=False)
    print(text.rstrip("\n"))
    return 0
