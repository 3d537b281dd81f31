"""Scores to learn from: folders of MIDI files, and the corpus of music21."""

from pathlib import Path

import pytest

from aigc_edit.cli import main
from aigc_edit.engine import read_corpus, read_midi
from aigc_edit.errors import UsageError
from aigc_edit.models import music
from aigc_edit.models.music import Composer, Key, Meter, Note, Vocabulary, decoded, encoded

BEAT = 480  # ticks


def midi(path, *tracks, meters=((0, 3, 4),)):
    """Writes tracks of (channel, start, end, pitch), in beats."""
    import mido

    file = mido.MidiFile(ticks_per_beat=BEAT)
    events = [
        (time * BEAT, mido.MetaMessage("time_signature", numerator=beats, denominator=unit))
        for time, beats, unit in meters
    ]
    for notes in ((), *tracks):
        for channel, start, end, pitch in notes:
            on = mido.Message("note_on", channel=channel, note=pitch, velocity=80)
            off = mido.Message("note_off", channel=channel, note=pitch)
            events += [(round(start * BEAT), on), (round(end * BEAT), off)]
        track, now = mido.MidiTrack(), 0
        for time, message in sorted(events, key=lambda it: (it[0], it[1].type == "note_on")):
            track.append(message.copy(time=time - now))
            now = time
        file.tracks.append(track)
        events = []
    file.save(str(path))
    return path


def scale(pitch, channel=0):
    """Nine notes of a beat upwards, a little late, as people play."""
    return [(channel, n + 0.02, n + 0.9, pitch + n) for n in range(9)]


def test_tracks_become_voices_from_high_to_low(tmp_path):
    pytest.importorskip("mido")
    piece = read_midi(midi(tmp_path / "two.mid", scale(48), scale(72)))

    assert piece.meter == Meter(3, 4)
    assert piece.voices == 2
    assert piece.lines[0][:2] == (Note(0, 0, 4, 72), Note(4, 0, 4, 73))
    assert piece.lines[1][0].pitch == 48


def test_chords_are_as_many_voices_as_they_have_notes(tmp_path):
    pytest.importorskip("mido")
    chords = [(0, n, n + 1, pitch) for n in range(4) for pitch in (60, 64, 67)]
    piece = read_midi(midi(tmp_path / "chords.mid", chords))

    assert [{note.pitch for note in line} for line in piece.lines] == [{67}, {64}, {60}]
    assert piece.key == Key(0, "major")


def test_a_piece_ends_where_its_metre_changes(tmp_path):
    pytest.importorskip("mido")
    meters = ((0, 4, 4), (8, 3, 4))
    piece = read_midi(midi(tmp_path / "change.mid", scale(60), meters=meters))

    assert piece.meter == Meter(4, 4)
    assert piece.length == 32


def test_what_is_no_music_is_skipped_and_named(tmp_path):
    pytest.importorskip("mido")
    folder = tmp_path / "My tunes"
    folder.mkdir()
    midi(folder / "good.mid", scale(60))
    midi(folder / "drums.mid", scale(36, channel=9))
    midi(folder / "silent.mid")
    (folder / "broken.mid").write_bytes((folder / "good.mid").read_bytes()[:40])
    (folder / "empty.mid").write_bytes(b"")
    (folder / "letter.mid").write_text("Dear Clara")
    corpus = read_corpus(str(folder))
    told = "\n".join(corpus.skipped)

    assert corpus.styles == ("My-tunes",)
    assert len(corpus.skipped) == 5
    assert "drums.mid: no notes but drums" in told
    assert "silent.mid: no notes" in told
    for name in ("broken", "empty", "letter"):
        assert f"{name}.mid: no MIDI file that can be read" in told


def test_a_folder_without_music_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no music in this folder"):
        read_corpus(str(tmp_path))
    with pytest.raises(UsageError, match="no corpus wagner"):
        read_corpus("wagner")


@pytest.mark.usefixtures("one_thread")
def test_a_folder_of_midi_becomes_a_style(tmp_path, capsys):
    pytest.importorskip("mido")
    folder = tmp_path / "ours"
    folder.mkdir()
    for pitch in range(40, 60):
        notes = [(0, n, n + 1, pitch + n * pitch % 13) for n in range(16)]
        midi(folder / f"{pitch}.mid", notes)
    (folder / "broken.mid").write_bytes(b"MThd")
    arguments = ("--corpus", folder, "-o", tmp_path / "net", "--steps", 1, "--batch", 2)
    assert main(["train", "music-lstm", *map(str, arguments), "--device", "cpu"]) == 0
    told = capsys.readouterr()

    assert "1 file skipped:\n  broken.mid: no MIDI file" in told.err
    assert "step 1/1: nll" in told.err
    assert Composer.load(Path(told.out.strip())).config.styles == "ours"


@pytest.fixture(scope="module")
def chorales():
    """Some of Bach's, through the reader of the corpus."""
    pytest.importorskip("music21", reason="music21 carries the corpus: pip install music21")
    from music21 import corpus

    from aigc_edit.engine.scores import _CORPORA, _piece_of_score

    names = ("bach/bwv66.6", "bach/bwv269", "bach/bwv10.7")
    return {name: _piece_of_score(corpus.parse(name), _CORPORA["bach"]) for name in names}


@pytest.mark.filterwarnings("ignore")  # music21's own
def test_chorales_are_read_as_they_are_printed(chorales):
    first = chorales["bach/bwv66.6"]

    assert (first.voices, first.meter, first.entry) == (4, Meter(4, 4), 12)
    assert [note.pitch for note in first.lines[0][:5]] == [73, 71, 69, 71, 73]
    assert first.key == Key(6, "minor")
    assert first.phrases[0] == 12


@pytest.mark.filterwarnings("ignore")
def test_chorales_come_back_from_their_tokens(chorales):
    words = Vocabulary(("bach",))

    assert all(decoded(encoded(it, "bach", words), words) == it for it in chorales.values())


@pytest.mark.filterwarnings("ignore")
def test_chorales_are_in_the_parts_that_are_written_down(chorales):
    path = Path(music.__file__).parent / "bach_split.txt"
    written = dict(reversed(line.split()) for line in path.read_text("utf-8").splitlines())

    for name, piece in chorales.items():
        assert written[name] == music.split_of(piece)


def test_no_chorale_is_written_down_in_two_parts():
    path = Path(music.__file__).parent / "bach_split.txt"
    names = [line.split()[1] for line in path.read_text("utf-8").splitlines()]

    assert len(names) == len(set(names)) > 300
