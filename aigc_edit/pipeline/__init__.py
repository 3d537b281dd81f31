"""Floor 3: YAML in, a checked pipeline out.

What is here stands in `__init__.pyi`. Each name is imported at its first use: stages can be listed
without reading YAML.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
