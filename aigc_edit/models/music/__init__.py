"""A language model of music: notes as tokens, an LSTM that continues them, and its training.

What is here stands in `__init__.pyi`. Each name is imported at its first use: scores are read
without torch.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
