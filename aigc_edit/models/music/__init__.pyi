from .figures import Figures, Model, judged, lstm_model, ngram_model
from .midi_file import midi_bytes
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
    next_token_nll,
)
from .performance import Part, Performance, Played, Tempo, TempoMap
from .sound_font import SoundFont, Tone, default_sound_font
from .synth import rendered
from .tokens import Reading, Vocabulary, choices, decoded, encoded
from .works import Corpus, Split, Work, split_of

__all__ = [
    "HIGHEST",
    "LOWEST",
    "METERS",
    "MOST_VOICES",
    "SMALL",
    "Composer",
    "ComposerConfig",
    "ComposerObjective",
    "ComposerRecipe",
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
    "SoundFont",
    "Split",
    "Stepper",
    "Tone",
    "Vocabulary",
    "Work",
    "choices",
    "decoded",
    "default_sound_font",
    "encoded",
    "key_of",
    "midi_bytes",
    "rendered",
    "split_of",
]
