"""From sheet to candidates: an accompaniment by the model or by rules, with the melody added.

The model does not write the melody: the leading part gets it from the song, and the model plays around it. So the
melody is always complete.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from statistics import median

from symbolic_cover.analysis.tempo_level import doubled, is_counted_double
from symbolic_cover.arrangement.beginner import for_beginners, for_small_hands
from symbolic_cover.arrangement.checkpoint import Checkpoint
from symbolic_cover.arrangement.doubling import with_doublings
from symbolic_cover.arrangement.endings import close_together
from symbolic_cover.arrangement.rules import accompany_by_rules
from symbolic_cover.core.arrangement import Arrangement, Part
from symbolic_cover.core.controls import Controls
from symbolic_cover.core.ensemble import Ensemble, PartSpec, Style
from symbolic_cover.core.music import Note
from symbolic_cover.core.sheet import SongSheet
from symbolic_cover.core.styles import manner_facts
from symbolic_cover.tokens.language import DRUMS
from symbolic_cover.tokens.vocabulary import within_range

#: The range of the median pitches of the melodies in 74 piano pieces of the training split.
HAND_MELODIES = (64, 86)
_OCTAVES = (0, 12, -12, 24, -24)
#: The least velocity of the melody, one dynamic step above the accompaniment's usual 64 to 80.
_MELODY_VELOCITY = 92
#: The loudest melody from a recording (forte): what a listener takes for loudness tells little.
_LOUDEST_HEARD = 104


def arrange_by_rules(sheet: SongSheet, style: Style, controls: Controls) -> Arrangement:
    """The rule-based arrangement of a song."""
    return lay_melody_over(
        accompany_by_rules(sheet, style.ensemble, controls.level), sheet, style, controls, arranger="rules"
    )


def candidates_by_model(
    checkpoint: Checkpoint,
    sheet: SongSheet,
    style: Style,
    controls: Controls,
    progress: Callable[[float], None] | None = None,
) -> list[Arrangement]:
    """`controls.candidates` arrangements by the model, which plays in C major or A minor; results are moved back."""
    from symbolic_cover.arrangement.sample import sample_accompaniments

    steps = sheet.key.steps_home
    drawn = sample_accompaniments(checkpoint, sheet.transposed(steps), at_home(style, steps), controls, progress)
    back = [{name: _moved(notes, 0 if name == DRUMS else -steps) for name, notes in parts.items()} for parts in drawn]
    whole = [with_doublings(parts, sheet, style.ensemble) for parts in back]
    closed = [close_together(parts, sheet, style.ensemble) for parts in whole]
    return [lay_melody_over(parts, sheet, style, controls, arranger=checkpoint.name) for parts in closed]


def at_home(style: Style, semitones: int) -> Style:
    """The style with the ranges of its instruments shifted by semitones, for a song transposed by them."""
    parts = tuple(
        part if part.is_drums else replace(part, lowest=part.lowest + semitones, highest=part.highest + semitones)
        for part in style.ensemble.parts
    )
    return replace(style, ensemble=replace(style.ensemble, parts=parts))


def _moved(notes: Sequence[Note], semitones: int) -> list[Note]:
    return [note._replace(pitch=note.pitch + semitones) for note in notes]


def lay_melody_over(
    accompaniment: Mapping[str, Sequence[Note]], sheet: SongSheet, style: Style, controls: Controls, *, arranger: str
) -> Arrangement:
    """Join accompaniment and melody into an arrangement."""
    loudest = _LOUDEST_HEARD if sheet.source.kind == "audio" else 127
    melody = tuple(note._replace(velocity=min(max(note.velocity, _MELODY_VELOCITY), loudest)) for note in sheet.melody)
    parts = []
    if controls.level == "beginner":
        accompaniment = for_small_hands(accompaniment, sheet, style.ensemble)
    for spec in style.ensemble.parts:
        notes = list(accompaniment.get(spec.name, ()))
        if spec.name == style.ensemble.lead:
            notes += melody
        parts.append(Part(spec.label, spec.group, spec.program, tuple(sorted(notes)), spec.is_drums))
    return Arrangement(
        parts=tuple(parts),
        melody=melody,
        grid=sheet.grid,
        key=sheet.key,
        chords=sheet.chords,
        style=style.name,
        like=style.like,
        arranger=arranger,
        title=sheet.title,
        seed=controls.seed,
        composer=sheet.composer,
        source=sheet.source.name,
        sections=sheet.sections,
        lyrics=sheet.lyrics,
    )


def prepare_sheet(
    sheet: SongSheet, controls: Controls, ensemble: Ensemble | None = None, manner: str = ""
) -> SongSheet:
    """The sheet to be arranged: transposed, at its tempo, with the melody in the range of its part.

    If the style named `manner` swings, the tempo of a slow song in sixteenths is doubled. For beginners the melody is
    in eighths, in a key with at most one sharp or flat unless a transposition is set.

    A transposition that would leave the keyboard is moved by an octave. A melody outside the range of the part that
    leads `ensemble` moves by octaves, as a whole if that helps, else single notes.
    """
    if manner_facts(manner).get("swing", False) and is_counted_double(sheet):
        sheet = doubled(sheet)
    grid = sheet.grid
    if controls.tempo != 1.0:
        grid = replace(grid, beat_sec=grid.beat_sec / controls.tempo)
    if controls.level == "beginner":
        sheet = for_beginners(sheet, choose_key=controls.transpose == 0)
    moved = sheet.transposed(controls.transpose)
    melody = _on_keyboard(moved.melody)
    lead = ensemble.lead_spec if ensemble else None
    return replace(
        moved,
        grid=grid,
        melody=_within_range(melody, lead) if lead else melody,
        bass=_on_keyboard(moved.bass),
        texture=_on_keyboard(moved.texture),
    )


def _within_range(melody: Sequence[Note], lead: PartSpec) -> tuple[Note, ...]:
    """The melody in the octave that suits its part best."""
    octave = _octave(melody, lead)
    moved = []
    for note in melody:
        pitch = note.pitch + octave
        while pitch < lead.lowest:
            pitch += 12
        while pitch > lead.highest:
            pitch -= 12
        moved.append(note._replace(pitch=pitch))
    return tuple(moved)


def _octave(melody: Sequence[Note], lead: PartSpec) -> int:
    """The octaves, in semitones, by which the melody moves into the range of its part; where a hand plays it, into the
    usual range of melodies for hands. A man's song is played an octave higher than he sings it."""
    if lead.is_hand and melody:
        middle, (lowest, highest) = median(note.pitch for note in melody), HAND_MELODIES
        return min(_OCTAVES, key=lambda step: max(lowest - middle - step, middle + step - highest, 0))
    return min(_OCTAVES, key=lambda step: sum(_beyond(note.pitch + step, lead) for note in melody))


def _beyond(pitch: int, lead: PartSpec) -> int:
    """Semitones by which a pitch lies outside a part's range."""
    return max(lead.lowest - pitch, pitch - lead.highest, 0)


def _on_keyboard(notes: Sequence[Note]) -> tuple[Note, ...]:
    """The notes, with those beyond a piano's keys moved by octaves."""
    return tuple(sorted(note._replace(pitch=within_range(note.pitch)) for note in notes))
