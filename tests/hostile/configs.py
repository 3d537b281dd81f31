"""The troubles of make_hostile.py's `configs`, in our own pipeline format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

_HEAD = "schema: 1\nname: evil\nstages:\n"
_GOOD = f"{_HEAD}  - uses: scenes\n    with: {{threshold: 3}}\n"


@dataclass(frozen=True)
class Config:
    """A pipeline file, and how it must end: `error` or `any`."""

    name: str
    text: bytes
    expect: str = "error"
    seconds: float = 20


def configs(mark: Path) -> Iterator[Config]:
    """All cases; code that runs from one of them leaves a file whose name begins with `mark`."""
    digits = "9" * 5000
    texts = {
        "python_object": f"{_HEAD}  - !!python/object/apply:os.system ['touch {mark}_yaml']\n",
        "python_name": f"{_HEAD}  - uses: !!python/name:os.system\n",
        "billion_laughs": _laughs(),
        "deep_nesting": "schema: 1\nstages: " + "[" * 100_000,
        "duplicate_keys": f"{_HEAD}  - uses: motion\n    with: {{smooth: 1s, smooth: 2s}}\n",
        "duplicate_stage_keys": f"{_HEAD}  - uses: motion\n    uses: scenes\n",
        "unknown_stage": f"{_HEAD}  - uses: sceens\n",
        "unknown_option": f"{_HEAD}  - uses: motion\n    with: {{smoth: 1s}}\n",
        "unknown_key_at_top": f"{_GOOD}outptu: {{container: mp4}}\n",
        "wrong_type_text": f"{_HEAD}  - uses: best_moments\n    with: {{duration: abc}}\n",
        "wrong_type_negative": f"{_HEAD}  - uses: best_moments\n    with: {{duration: -5s}}\n",
        "wrong_type_nan": f"{_HEAD}  - uses: best_moments\n    with: {{duration: .nan}}\n",
        "wrong_type_huge": f"{_HEAD}  - uses: best_moments\n    with: {{duration: 1e400}}\n",
        "wrong_type_digits": f"{_HEAD}  - uses: best_moments\n    with: {{duration: {digits}}}\n",
        "empty": "",
        "only_comment": "# nothing here\n",
        "list_at_top": "- scenes\n- motion\n",
        "text_at_top": "scenes\n",
        "number_for_stages": "schema: 1\nstages: 5\n",
        "tabs": "schema: 1\nstages:\n\t- uses: scenes\n",
        "two_documents": f"{_GOOD}---\n{_GOOD}",
        "null_byte": f"{_GOOD}\0",
        "output_outside": f"{_GOOD}output: {{path: ../../../../tmp/outside.mp4}}\n",
        "name_outside": "schema: 1\nname: ../../../outside\nstages: [scenes]\n",
        "name_with_newline": 'schema: 1\nname: "a\\nb"\nstages: [scenes]\n',
        "shell_in_codec": f"{_GOOD}output: {{video: {{codec: 'h264; touch {mark}_codec'}}}}\n",
        "shell_in_encoder": (
            f"{_GOOD}output: {{video: {{encoder: 'libx264 -f null - ; touch {mark}_enc'}}}}\n"
        ),
        "plugin_path": f"plugins: [{mark}_plugin.py]\n{_GOOD}",
        "stage_from_path": f"{_HEAD}  - uses: {mark}_plugin.py\n",
        "stage_from_module": f"{_HEAD}  - uses: os.system\n",
        "other_schema": "schema: 999\nstages: [scenes]\n",
        "spans_without_end": f"{_HEAD}  - uses: given_spans\n    with: {{spans: [[5s]]}}\n",
        "spans_backwards": f"{_HEAD}  - uses: given_spans\n    with: {{spans: [[5s, 1s]]}}\n",
        "spans_none": f"{_HEAD}  - uses: given_spans\n    with: {{spans: []}}\n",
    }
    yield from (Config(f"{name}.yaml", text.encode()) for name, text in texts.items())
    yield Config("not_utf8.yaml", "# caf\xe9\n".encode("latin-1") + _GOOD.encode())
    yield Config("too_large.yaml", _GOOD.encode() + b"#" * (2 << 20))
    # YAML 1.1 would read `no` as False; ours reads a word, which is a fine name.
    yield Config("norway_and_octal.yaml", b"schema: 1\nname: no\nstages: [edit_list]\n", "any")
    code = f"open({str(mark) + '_plugin'!r}, 'w').close()\n"
    yield Config("evil_plugin.py", code.encode(), "error")


def _laughs() -> str:
    """Aliases of aliases: 10^9 nodes in 400 bytes."""
    names = "abcdefghi"
    rows = [f"{b}: &{b} [{','.join([f'*{a}'] * 10)}]" for a, b in pairwise(names)]
    return "\n".join(["a: &a [x,x,x,x,x,x,x,x,x,x]", *rows, "schema: 1", "stages: *i", ""])
