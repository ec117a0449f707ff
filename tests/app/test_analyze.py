"""`analyze --out`: the files for checking."""

import json

import numpy as np
import pytest
import soundfile

from symbolic_cover.analysis.song import analyze
from symbolic_cover.app.analyze import FILES, lead_sheet, save_analysis
from symbolic_cover.core.song_file import read_sheet
from symbolic_cover.listening.song import listen
from symbolic_cover.notation.musicxml import write_musicxml
from symbolic_cover.performance.midi import score_in_seconds
from tests.conftest import make_song
from tests.listening.songs import accompanied_song


def test_the_lead_sheet_has_melody_and_chords(tmp_path):
    song = make_song()
    sheet = lead_sheet(song)
    assert [part.notes for part in sheet.parts] == [song.melody]
    assert sheet.chords == song.chords
    write_musicxml(sheet, tmp_path / "lead.musicxml")
    assert (tmp_path / "lead.musicxml").read_text().count("<harmony") == len(song.chords)


@pytest.mark.slow
def test_everything_is_written_and_clicks_lie_on_the_beats(tmp_path):
    track, _ = accompanied_song(n_bars=8, bpm=96.0)
    path = tmp_path / "song.mid"
    score_in_seconds([track]).to("tick").dump_midi(str(path))
    heard = listen(path)
    sheet, grid = analyze(heard), heard.grid
    out = tmp_path / "out"
    written = save_analysis(sheet, heard, path, out)
    assert set(written) == set(FILES) == {file.name for file in out.iterdir()}
    assert read_sheet(out / "song.json") == sheet
    assert json.loads((out / "analysis.json").read_text())["meter"] == "4/4"
    assert (out / "analysis.png").read_bytes().startswith(b"\x89PNG")
    assert (out / "lead-sheet.pdf").read_bytes().startswith(b"%PDF")
    mixed, rate_hz = soundfile.read(out / "clicks.wav")
    sec = float(grid.sec_at(grid.bars[1].start_tick))
    first = round(sec * rate_hz)
    spectrum = np.abs(np.fft.rfft(mixed[first : first + 600] * np.hanning(600)))
    heard_hz = np.fft.rfftfreq(600, 1 / rate_hz)[np.argmax(spectrum * (np.fft.rfftfreq(600, 1 / rate_hz) > 1500))]
    assert abs(heard_hz - 1760) < 60
