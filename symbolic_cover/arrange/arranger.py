"""From content to drafts: an accompaniment by the model or by rules, with the melody laid over it.

The melody is not the model's to change: it is given to the right hand as the song has it, and the
model plays around it. So the tune is kept at full fidelity whatever the model does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from symbolic_cover.arrange.checkpoint import Checkpoint
from symbolic_cover.arrange.rules import arrange_by_rules
from symbolic_cover.music import Arrangement, Content, Controls, Grid, Note, Part, Style
from symbolic_cover.tokens.vocabulary import HIGHEST_PITCH, LOWEST_PITCH

_PART_OF_MELODY = "right-hand"
_MELODY_VELOCITY = 92


def draft_by_rules(content: Content, style: Style, controls: Controls) -> Arrangement:
    """The rule-based arrangement of a song."""
    return lay_melody_over(arrange_by_rules(content, controls.level), content, style, controls, arranger="rules")


def draft_by_model(
    checkpoint: Checkpoint,
    content: Content,
    style: Style,
    controls: Controls,
    progress: Callable[[float], None] | None = None,
) -> list[Arrangement]:
    """`controls.candidates` arrangements by the model."""
    from symbolic_cover.arrange.sample import sample_accompaniments

    drawn = sample_accompaniments(checkpoint, content, style, controls, progress)
    return [lay_melody_over(parts, content, style, controls, arranger=checkpoint.name) for parts in drawn]


def lay_melody_over(
    accompaniment: Mapping[str, Sequence[Note]], content: Content, style: Style, controls: Controls, *, arranger: str
) -> Arrangement:
    """Join accompaniment and melody into an arrangement."""
    melody = tuple(note._replace(velocity=max(note.velocity, _MELODY_VELOCITY)) for note in content.melody)
    group = style.ensemble.removeprefix("solo-").capitalize()
    parts = []
    for spec in style.parts:
        notes = list(accompaniment.get(spec.name, ()))
        if spec.name == _PART_OF_MELODY:
            notes += melody
        parts.append(Part(spec.label, group, spec.program, tuple(sorted(notes))))
    return Arrangement(
        parts=tuple(parts),
        melody=melody,
        grid=content.grid,
        key=content.key,
        chords=content.chords,
        style=style.name,
        arranger=arranger,
        title=content.title,
        seed=controls.seed,
    )


def prepare_content(content: Content, controls: Controls) -> Content:
    """The content as the cover will have it: transposed, at its tempo, every pitch on the keyboard.

    Transposition that would leave the keyboard is done an octave up or down.
    """
    shift = controls.transpose
    grid = content.grid
    if controls.tempo != 1.0:
        grid = Grid(grid.beat_tick, grid.beat_sec / controls.tempo, grid.bars, grid.confidence)
    return replace(
        content,
        grid=grid,
        melody=_moved(content.melody, shift),
        bass=_moved(content.bass, shift),
        texture=_moved(content.texture, shift),
        chords=tuple(
            chord._replace(root=(chord.root + shift) % 12, bass=(chord.bass + shift) % 12) for chord in content.chords
        ),
        key=content.key.transposed(shift),
    )


def _moved(notes: Sequence[Note], shift: int) -> tuple[Note, ...]:
    return tuple(sorted(note._replace(pitch=_on_keyboard(note.pitch + shift)) for note in notes))


def _on_keyboard(pitch: int) -> int:
    while pitch < LOWEST_PITCH:
        pitch += 12
    while pitch > HIGHEST_PITCH:
        pitch -= 12
    return pitch
