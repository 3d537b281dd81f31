"""A very small Whisper that knows sixty words: a test instrument, no recogniser.

`phrases` says what may be said, `speech` lets eSpeak NG say it, `windows` mixes what a net hears,
`net` is Whisper with fewer rows, `training` teaches it, `store` keeps it in a small file and
makes the checkpoint of it that `whisper.load_model` takes, `figures` measures that checkpoint.
"""
