from .figures import Figures, Model, judged, lstm_model, ngram_model
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
    "Split",
    "Stepper",
    "Vocabulary",
    "Work",
    "choices",
    "decoded",
    "encoded",
    "key_of",
    "split_of",
]
