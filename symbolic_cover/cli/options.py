"""The options that commands share, and what becomes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from symbolic_cover.core.controls import (
    FASTEST_BPM,
    LEAST_LUFS,
    LEAST_TEMPO,
    MOST_CANDIDATES,
    MOST_LUFS,
    MOST_TEMPO,
    MOST_TRANSPOSITION,
    SLOWEST_BPM,
    Controls,
    Hints,
    Playback,
)
from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.music import Meter

#: The defaults of what these options set; each stands once, where the value is defined.
CONTROLS, HINTS, PLAYBACK = Controls(), Hints(), Playback()

Source = Annotated[
    Path, typer.Argument(help="A recording (wav, flac, mp3, ogg) or a score (mid, musicxml, mxl, abc, krn).")
]
Style = Annotated[str, typer.Option("--style", "-s", help="The style to cover in; see `symbolic-cover styles`.")]
Seed = Annotated[int, typer.Option(help="The same seed gives the same cover.")]
Candidates = Annotated[int, typer.Option(min=1, max=MOST_CANDIDATES, help="Candidates to sample; the best is kept.")]
Level = Annotated[str, typer.Option(help="How hard to play: beginner, easy, intermediate or full.")]
Fidelity = Annotated[
    float, typer.Option(min=0.0, max=1.0, help="How much of the source's bass and inner notes the arranger sees.")
]
Density = Annotated[
    float | None, typer.Option(min=0.0, max=1.0, help="Few (0) or many (1) accompanying notes; otherwise as it comes.")
]
Polyphony = Annotated[
    float | None, typer.Option(min=0.0, max=1.0, help="Single notes (0) or full chords (1); otherwise as it comes.")
]
EnsembleOption = Annotated[
    str | None,
    typer.Option("--ensemble", help="Who plays, if not the style's own; see `symbolic-cover styles`."),
]
Transpose = Annotated[
    int, typer.Option(min=-MOST_TRANSPOSITION, max=MOST_TRANSPOSITION, help="Semitones up (or down, if negative).")
]
Tempo = Annotated[float, typer.Option(min=LEAST_TEMPO, max=MOST_TEMPO, help="Factor on the tempo of the source.")]
Bpm = Annotated[
    float | None, typer.Option(min=SLOWEST_BPM, max=FASTEST_BPM, help="The tempo in beats a minute, if you know it.")
]
MeterOption = Annotated[str | None, typer.Option("--meter", help="The metre, such as 3/4, if you know it.")]
Downbeat = Annotated[float | None, typer.Option(help="The time of any first beat of a bar, in seconds.")]
Transcriber = Annotated[
    str,
    typer.Option(help="Who hears the notes: basic-pitch; transkun, for a piano alone, if installed; or auto."),
]
Tune = Annotated[int | None, typer.Option(min=0, help="Of an ABC file with several tunes, the one with this X:.")]
CheckpointOption = Annotated[
    str | None,
    typer.Option(
        "--checkpoint",
        help="A checkpoint folder or name; 'shipped' for the program's own, 'rules' for no model. "
        "Otherwise the one you adopted last, or the shipped one.",
    ),
]
Parts = Annotated[bool, typer.Option("--parts", help="Also what each player reads, as MusicXML and PDF in parts/.")]
Fingering = Annotated[bool, typer.Option("--fingering", help="Fingers for the hands of a piano.")]
WrittenOut = Annotated[
    bool, typer.Option("--written-out", help="Passages that return written out, without repeat signs.")
]
Tab = Annotated[bool, typer.Option("--tab", help="Tablature below the notes of guitars.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
AudioFormat = Annotated[str, typer.Option("--format", help="Sound as wav, flac, mp3 or ogg.")]
Loudness = Annotated[
    float, typer.Option(min=LEAST_LUFS, max=MOST_LUFS, help="Integrated loudness of the sound in LUFS (ITU-R BS.1770).")
]
Expression = Annotated[
    float, typer.Option(min=0.0, max=1.0, help="How much of a player's touch and timing is heard; 0 plays as written.")
]
Stems = Annotated[bool, typer.Option("--stems", help="Also each part as a sound file; they sum to the whole.")]
SoundFont = Annotated[Path | None, typer.Option(help="A SoundFont (.sf2, .sf3); otherwise the best that is found.")]


def hints_of(
    bpm: float | None, meter: str | None, downbeat: float | None, transcriber: str, tune: int | None = None
) -> Hints:
    """What the user knows of tempo, metre and downbeat, who is to hear the notes, and which tune is meant."""
    return Hints(bpm, Meter.parse(meter) if meter is not None else None, downbeat, transcriber, tune)


def must_exist(source: Path) -> None:
    """Raise `UsageError` for a path that is not there."""
    if not source.exists():
        raise UsageError(f"There is no file {source}.", "Check the path.")


def must_mix(sources: list[Path], tempo: float) -> None:
    """Raise `UsageError` where a cover cannot sound beside its source."""
    from symbolic_cover.listening.formats import AUDIO_SUFFIXES

    if written := [source for source in sources if source.suffix.lower() not in AUDIO_SUFFIXES]:
        raise UsageError(f"--mix needs a recording, and {written[0].name} is none.", "Leave --mix out.")
    if sources and tempo != 1.0:
        raise UsageError("--mix needs the tempo of the recording.", "Leave --tempo out.")


def sources_of_inputs(inputs: list[Path]) -> list[Path]:
    """The files to cover: those named, and those found in named folders."""
    from symbolic_cover.listening.formats import SUFFIXES

    found: list[Path] = []
    for path in inputs:
        must_exist(path)
        if path.is_dir():
            inside = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES and file.is_file())
            if not inside:
                kinds = ", ".join(sorted(suffix[1:] for suffix in SUFFIXES))
                raise UsageError(f"There is nothing to cover in {path}.", f"Put files in it that end in: {kinds}.")
            found += inside
        else:
            found.append(path)
    return found


def sub_folders(sources: list[Path], out: Path) -> list[Path]:
    """A folder of its own for each source, also for two of one name."""
    names = [source.stem for source in sources]
    return [
        out / (name if names.count(name) == 1 else source.name.replace(".", "-"))
        for name, source in zip(names, sources, strict=True)
    ]
