"""From words to cues, and from subtitle files to words: what captions and subtitles share.

What is here stands in `__init__.pyi`. Each name is imported at its first use.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
