"""Which weights can be fetched, and what they must be."""

from __future__ import annotations

import ast
import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from aigc_edit.errors import ModelError

# By the first word that a model's name holds: the table of Whisper says no sizes.
_WHISPER_MEGABYTES = {
    "turbo": 1618,
    "tiny": 76,
    "base": 145,
    "small": 484,
    "medium": 1528,
    "large": 3087,
}


@dataclass(frozen=True, slots=True)
class Weights:
    """A file of weights that can be fetched.

    Attributes:
        name: family and model, such as `whisper:base`.
        url: where its authors offer it.
        sha256: of the whole file, in hexadecimal digits.
        megabytes: about how large it is.
    """

    name: str
    url: str
    sha256: str
    megabytes: int = 0

    @property
    def file(self) -> Path:
        """Where it lies below a folder of weights: `whisper/base.pt`."""
        return Path(self.name.partition(":")[0], Path(urlsplit(self.url).path).name)

    @property
    def command(self) -> str:
        """What fetches it."""
        return f"aigc-edit models fetch {self.name}"


@cache
def whisper_weights() -> dict[str, Weights]:
    """Whisper's models, `whisper:tiny` and so on, from the table in the installed package.

    The table is read, not imported: that would take torch and seconds.

    Raises:
        ModelError: the package is missing, or has no such table.
    """
    table = _table_of_whisper("__init__.py", "_MODELS")
    return {f"whisper:{model}": _whisper(model, url) for model, url in table.items()}


@cache
def whisper_languages() -> tuple[str, ...]:
    """Codes of the languages that Whisper knows, from its table likewise."""
    return tuple(_table_of_whisper("tokenizer.py", "LANGUAGES"))


def _table_of_whisper(file: str, name: str) -> dict[str, str]:
    package = importlib.util.find_spec("whisper")
    path = Path(package.origin).with_name(file) if package and package.origin else None
    for node in ast.parse(path.read_text("utf-8") if path else "").body:
        match node:
            case ast.Assign(targets=[ast.Name(id=found)], value=table) if found == name:
                rows: dict[str, str] = ast.literal_eval(table)
                return rows
    raise ModelError(
        "Whisper's table of models is missing", cure="pip install 'aigc-edit[whisper]'"
    )


def _whisper(model: str, url: str) -> Weights:
    """A row of Whisper's table; the last folder of the address is the SHA-256."""
    megabytes = next((size for word, size in _WHISPER_MEGABYTES.items() if word in model), 0)
    return Weights(f"whisper:{model}", url, url.split("/")[-2], megabytes)
