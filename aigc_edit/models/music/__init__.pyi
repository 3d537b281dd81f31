from .arranging import Arrangement
from .composing import Brief, Composition, composed
from .figures import Figures, Model, judged, lstm_model, ngram_model
from .form import Section, sections
from .midi_file import midi_bytes
from .moods import MOODS, Layer, Mood
from .net import SMALL, Composer, ComposerConfig, Stepper
from .ngram import NGram
from .notes import (
    HIGHEST,
    LOWEST,
    METERS,
    MOST_VOICES,
    Key,
    Meter,
    Mode,
    Note,
    Piece,
    key_of,
)
from .objective import (
    ComposerObjective,
    ComposerRecipe,
    Transposed,
    config_for,
    next_token_nll,
)
from .performance import Part, Performance, Played, Tempo, TempoMap
from .qualities import Comparison, compared
from .rolls import piano_roll, sheet
from .sound_font import SoundFont, Tone, default_sound_font
from .synth import rendered
from .timing import TempoRange, Timing, timing_for
from .tokens import Reading, Vocabulary, choices, decoded, density, encoded
from .works import Corpus, Split, Work, split_of
from .writing import Head, Sampling, Writer, joined

__all__ = [
    "Comparison",
    "compared",
    "piano_roll",
    "sheet",
    "density",
    "midi_bytes",
    "SoundFont",
    "default_sound_font",
    "rendered",
    "Arrangement",
    "Brief",
    "Composition",
    "composed",
    "Section",
    "sections",
    "MOODS",
    "Layer",
    "Mood",
    "TempoRange",
    "Timing",
    "timing_for",
    "Head",
    "Sampling",
    "Writer",
    "joined",
    "HIGHEST",
    "LOWEST",
    "METERS",
    "MOST_VOICES",
    "SMALL",
    "Composer",
    "ComposerConfig",
    "ComposerObjective",
    "ComposerRecipe",
    "config_for",
    "Figures",
    "Model",
    "NGram",
    "Transposed",
    "judged",
    "lstm_model",
    "next_token_nll",
    "ngram_model",
    "Corpus",
    "Part",
    "Performance",
    "Played",
    "Tempo",
    "TempoMap",
    "Key",
    "Meter",
    "Mode",
    "Note",
    "Piece",
    "Reading",
    "Split",
    "Stepper",
    "Tone",
    "Vocabulary",
    "Work",
    "choices",
    "decoded",
    "encoded",
    "key_of",
    "split_of",
]
