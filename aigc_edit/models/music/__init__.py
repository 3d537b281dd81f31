"""A language model of music: notes as tokens, an LSTM that continues them, and its training."""

from aigc_edit.models.music.figures import Figures, Model, judged, lstm_model, ngram_model
from aigc_edit.models.music.net import SMALL, Composer, ComposerConfig, Stepper
from aigc_edit.models.music.ngram import NGram
from aigc_edit.models.music.notes import (
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
from aigc_edit.models.music.objective import (
    ComposerObjective,
    ComposerRecipe,
    Transposed,
    next_token_nll,
)
from aigc_edit.models.music.tokens import Reading, Vocabulary, choices, decoded, encoded
from aigc_edit.models.music.works import Corpus, Split, Work, split_of

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
