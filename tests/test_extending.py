"""docs/extending.md in practice: a style, an ensemble, a measure and a format, each added as documented."""

import shutil
from dataclasses import replace

from symbolic_cover import arrange, render
from symbolic_cover.app import render as rendering
from symbolic_cover.core import styles
from symbolic_cover.evaluation import judgement, measures
from symbolic_cover.evaluation.measures import Case, Measure, measure_cover
from symbolic_cover.evaluation.people import Range
from symbolic_cover.performance.manner import manner_of


def test_a_style_is_one_file(song, tmp_path, monkeypatch):
    folder = tmp_path / "styles"
    shutil.copytree(styles.STYLES_FOLDER, folder)
    facts = (
        'title = "Polka"\nensemble = "band"\n\n[programs]\nmelody = 21\n\n[manner]\ngroove = "pop"\nlast_tempo = 0.5\n'
    )
    (folder / "polka.toml").write_text(facts)
    monkeypatch.setattr(styles, "STYLES_FOLDER", folder)
    styles.manner_facts.cache_clear()
    made = arrange(song, "polka", checkpoint="rules")
    assert next(part.program for part in made.parts if part.name == "Melody") == 21
    assert manner_of("polka").last_tempo == 0.5


def test_an_ensemble_is_one_table(song, tmp_path, monkeypatch):
    text = (styles.PRESETS / "ensembles.toml").read_text(encoding="utf-8")
    text += """
[wind-trio]
title = "Wind trio"
lead = "flute"
parts = [
  { name = "flute", label = "Flute", program = 73, lowest = 60, highest = 96 },
  { name = "clarinet", label = "Clarinet", program = 71, lowest = 50, highest = 89 },
  { name = "bassoon", label = "Bassoon", program = 70, lowest = 34, highest = 72 },
]
"""
    (tmp_path / "ensembles.toml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(styles, "PRESETS", tmp_path)
    made = arrange(song, "pop-piano", ensemble="wind-trio", checkpoint="rules")
    assert [part.name for part in made.parts] == ["Flute", "Clarinet", "Bassoon"]
    assert all(part.notes for part in made.parts)
    score = render(made, tmp_path / "trio.musicxml").read_text(encoding="utf-8")
    assert "<part-name>Bassoon</part-name>" in score


def test_a_measure_is_a_function_and_an_entry(song, monkeypatch):
    def longest_note(case: Case) -> float:
        return max(note.duration_tick for note in case.pitched) / 12

    entry = Measure("longest_note", "coherence", "quarters of the longest note", longest_note, above="Shorten it.")
    for module in (measures, judgement):
        monkeypatch.setattr(module, "MEASURES", (*measures.MEASURES[:21], entry))
    monkeypatch.setattr(judgement, "BY_NAME", {**measures.BY_NAME, entry.name: entry})
    made = arrange(song, "pop-piano", checkpoint="rules")
    measured = measure_cover(Case(made, song))
    assert measured["longest_note"] == 2.0
    judged = {one.name: one for one in judgement.judge(measured, {"longest_note": Range(0.25, 0.5, 1.0)})}
    assert judged["longest_note"].verdict == "above"
    assert judged["longest_note"].advice == "Shorten it."


def test_a_form_to_write_is_a_writer_and_a_suffix(song, tmp_path, monkeypatch):
    def write_names(arrangement, out):
        out.write_text("\n".join(part.name for part in arrangement.parts))

    monkeypatch.setitem(rendering.WRITERS, ".txt", write_names)
    made = replace(arrange(song, "pop-piano", checkpoint="rules"), title="Names")
    assert render(made, tmp_path / "names.txt").read_text() == "Right hand\nLeft hand"
