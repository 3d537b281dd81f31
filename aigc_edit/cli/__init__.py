"""Floor 6: the command line. Nothing else prints."""

from aigc_edit.cli.main import main

__all__ = ["main"]
