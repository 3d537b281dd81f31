"""Floor 1: files in, frames and samples out, and back. Nobody above sees a packet.

What is here stands in `__init__.pyi`. Each name is imported at its first use: stages can be listed
without FFmpeg's libraries.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
