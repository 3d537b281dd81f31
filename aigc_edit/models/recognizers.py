"""Which engines there are that turn speech into words: entry points of installed distributions."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache

from aigc_edit.errors import AigcEditError, PluginError, UsageError, one_line, suggestion
from aigc_edit.models.recognizer import (
    AUTO,
    Recognizer,
    RecognizerSettings,
    SpeechWindow,
    Utterance,
)
from aigc_edit.strangers import Offer, code_digest, loading, missing_package, offers, place_of
from aigc_edit.timeline import Span, Word

GROUP = "aigc_edit.recognizers"
# What `auto` takes: the first one that can do what is asked and has all that it needs.
_AUTOMATIC = ("whisper", "pocketsphinx")


def offered() -> Mapping[str, Sequence[Offer]]:
    """All engines by name; one that two distributions bring has two offers."""
    return _offered(tuple(sys.path))


@cache  # reading what is installed takes 10 ms
def _offered(_path: tuple[str, ...]) -> Mapping[str, Sequence[Offer]]:
    found: dict[str, list[Offer]] = {}
    for offer in offers(GROUP):
        found.setdefault(offer.name, []).append(offer)
    return found


def recognizer(name: str, settings: RecognizerSettings) -> Recognizer:
    """The engine of a name, or the one that `auto` takes. Nothing is loaded yet.

    Raises:
        UsageError: there is no such engine.
        PluginError: it cannot be imported, is no `Recognizer`, or two bring it.
        ModelError: `auto` has a file as its model that is not there.
    """
    if name != AUTO:
        return _made(name, settings)
    able = _able(settings)
    return next((engine for engine in able if engine.is_ready()), able[-1])


def refusal(name: str, settings: RecognizerSettings) -> str:
    """Why no engine of that name can do what is asked, in one line; empty where one can.

    Raises as `recognizer` does.
    """
    engine = _able(settings)[0] if name == AUTO else _made(name, settings)
    with _blaming(type(engine)):
        return engine.refusal()


def _able(settings: RecognizerSettings) -> list[Recognizer]:
    """Those that `auto` may take, the best first; the best one, if none can do what is asked."""
    engines = [_made(name, settings) for name in _AUTOMATIC]
    return [engine for engine in engines if not engine.refusal()] or engines[:1]


def advice(settings: RecognizerSettings) -> str:
    """How to hear better than what `auto` falls back on."""
    model = "base" if settings.model == AUTO else settings.model
    return f"Whisper hears better: aigc-edit models fetch whisper:{model}"


def check_name(name: str, besides: Iterable[str] = ()) -> None:
    """Raises UsageError where there is no engine of that name; `besides` are allowed, too."""
    known = sorted({AUTO, *offered(), *besides})
    if name not in known:
        close = suggestion(name, known)
        cure = close if close.startswith("Did") else "More of them come as plugins."
        raise UsageError(f"no engine named {name!r} (there are {', '.join(known)})", cure=cure)


def _made(name: str, settings: RecognizerSettings) -> Recognizer:
    engine = _class(name)
    with _blaming(engine):
        return engine(settings)


def _class(name: str) -> type[Recognizer]:
    check_name(name)
    found = offered()[name]
    if len(found) > 1:
        origins = " and ".join(offer.origin for offer in found)
        raise PluginError(f"{origins} both bring an engine {name!r}", cure="Uninstall one of them.")
    (offer,) = found
    with loading(f"engine {name!r} of {offer.origin}", offer.place):
        loaded = offer.loader()
    _check(loaded, offer)
    return loaded  # type: ignore[no-any-return] # just checked


def _check(loaded: object, offer: Offer) -> None:
    lacking = "it is no class on Recognizer"
    if isinstance(loaded, type) and issubclass(loaded, Recognizer):
        lacking = ", ".join(sorted(loaded.__abstractmethods__))
        if not lacking:
            return
        lacking = f"it has no {lacking}"
    raise PluginError(
        f"{offer.name!r} is not an engine: {lacking}",
        where=offer.place,
        cure="See the part on engines in docs/engines.md.",
    )


def identity(engine: Recognizer) -> str:
    """What the words of an engine depend on besides its settings: its code and its weights."""
    with _blaming(type(engine)):
        return f"{code_digest(type(engine).__module__)} {engine.weights()}"


def begin(engine: Recognizer) -> None:
    """Raises ModelError where weights are missing, PluginError where the engine fails."""
    with _blaming(type(engine)):
        engine.begin()


def recognized(engine: Recognizer, windows: Sequence[SpeechWindow]) -> list[Utterance]:
    """What an engine hears, checked.

    Raises:
        PluginError: it failed, or did not keep what a `Recognizer` promises.
    """
    with _blaming(type(engine)):
        heard = list(engine.recognize(windows))
    problem = next(_broken_promises(windows, heard), None)
    if problem:
        raise PluginError(
            f"the engine {type(engine).__name__} {problem}",
            where=_file_of(type(engine)),
            cure="Report it to its author.",
        )
    return heard


@contextmanager
def _blaming(engine: type[Recognizer]) -> Iterator[None]:
    """Turns what an engine raises into an error that names it, with file and line."""
    try:
        yield
    except AigcEditError:
        raise
    except ModuleNotFoundError as cause:
        raise missing_package(f"the engine {engine.__name__}", cause) from cause
    except Exception as cause:
        raise PluginError(
            f"the engine {engine.__name__} failed ({type(cause).__name__}: {one_line(cause)})",
            where=place_of(cause, _file_of(engine)),
            cure="Take another engine, or report it to its author.",
        ) from cause


def _file_of(engine: type[Recognizer]) -> str | None:
    return getattr(sys.modules.get(engine.__module__), "__file__", None)


def _broken_promises(windows: Sequence[SpeechWindow], heard: Sequence[Utterance]) -> Iterator[str]:
    if len(heard) != len(windows) or not all(isinstance(one, Utterance) for one in heard):
        yield f"gave {len(heard)} results for {len(windows)} windows, and not an Utterance for each"
        return
    for window, said in zip(windows, heard, strict=True):
        yield from _misplaced(window.span.on_clock(), said.words)


def _misplaced(room: Span, words: Iterable[Word]) -> Iterator[str]:
    at = room.start
    for word in words:
        if word.span.start < at or word.span.end > room.end:
            yield f"placed {word.text!r} at {word.span}, out of order or outside its window, {room}"
        at = word.span.start
