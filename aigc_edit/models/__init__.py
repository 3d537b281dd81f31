"""Floor 1: nets, weights and their training. No net opens a media file."""
