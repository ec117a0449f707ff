"""The options that several commands share, and their conversion."""

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

#: The defaults of these options, taken from where each value is defined.
CONTROLS, HINTS, PLAYBACK = Controls(), Hints(), Playback()

Source = Annotated[
    Path, typer.Argument(help="A recording (wav, flac, mp3, ogg) or a score (mid, musicxml, mxl, abc, krn).")
]
Style = Annotated[str, typer.Option("--style", "-s", help="The style to cover in; see `symbolic-cover styles`.")]
Seed = Annotated[int, typer.Option(help="The same seed gives the same cover.")]
Candidates = Annotated[int, typer.Option(min=1, max=MOST_CANDIDATES, help="Candidates to sample; the best is kept.")]
Level = Annotated[str, typer.Option(help="Difficulty: beginner, easy, intermediate or full.")]
Fidelity = Annotated[
    float, typer.Option(min=0.0, max=1.0, help="Share of the source's bass and inner notes that the arranger sees.")
]
Density = Annotated[
    float | None, typer.Option(min=0.0, max=1.0, help="Few (0) to many (1) accompanying notes (default: free).")
]
Polyphony = Annotated[
    float | None, typer.Option(min=0.0, max=1.0, help="Single notes (0) to full chords (1) (default: free).")
]
EnsembleOption = Annotated[
    str | None,
    typer.Option("--ensemble", help="The ensemble, if not the style's own; `symbolic-cover styles` names them."),
]
Transpose = Annotated[
    int, typer.Option(min=-MOST_TRANSPOSITION, max=MOST_TRANSPOSITION, help="Semitones up (negative: down).")
]
Tempo = Annotated[float, typer.Option(min=LEAST_TEMPO, max=MOST_TEMPO, help="Factor on the tempo of the source.")]
Bpm = Annotated[
    float | None, typer.Option(min=SLOWEST_BPM, max=FASTEST_BPM, help="The tempo in beats a minute, if you know it.")
]
MeterOption = Annotated[str | None, typer.Option("--meter", help="The metre, such as 3/4, if you know it.")]
Downbeat = Annotated[float | None, typer.Option(help="The time of any downbeat in seconds.")]
Transcriber = Annotated[
    str,
    typer.Option(help="What transcribes the notes: basic-pitch, transkun (solo piano; if installed), or auto."),
]
Tune = Annotated[int | None, typer.Option(min=0, help="In an ABC file with several tunes, the one with this X:.")]
CheckpointOption = Annotated[
    str | None,
    typer.Option(
        "--checkpoint",
        help="A checkpoint folder or name; 'shipped' for the shipped one, 'rules' for no model. "
        "Default: the one you adopted last, or the shipped one.",
    ),
]
Parts = Annotated[bool, typer.Option("--parts", help="Also write each player's part as MusicXML and PDF.")]
Fingering = Annotated[bool, typer.Option("--fingering", help="Add fingerings for piano.")]
WrittenOut = Annotated[bool, typer.Option("--written-out", help="Write repeats out instead of using repeat signs.")]
Tab = Annotated[bool, typer.Option("--tab", help="Add tablature below the notes of guitars.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
AudioFormat = Annotated[str, typer.Option("--format", help="Audio format: wav, flac, mp3 or ogg.")]
Loudness = Annotated[
    float, typer.Option(min=LEAST_LUFS, max=MOST_LUFS, help="Integrated loudness in LUFS (ITU-R BS.1770).")
]
Expression = Annotated[
    float, typer.Option(min=0.0, max=1.0, help="Amount of expressive touch and timing; 0 plays as written.")
]
Stems = Annotated[bool, typer.Option("--stems", help="Also write each part as a sound file; they sum to the whole.")]
SoundFont = Annotated[Path | None, typer.Option(help="A SoundFont (.sf2, .sf3; default: the best that is found).")]


def hints_of(
    bpm: float | None, meter: str | None, downbeat: float | None, transcriber: str, tune: int | None = None
) -> Hints:
    """The hints given by options."""
    return Hints(bpm, Meter.parse(meter) if meter is not None else None, downbeat, transcriber, tune)


def must_exist(source: Path) -> None:
    """Raise `UsageError` if a path does not exist."""
    if not source.exists():
        raise UsageError(f"There is no file {source}.", "Check the path.")


def must_mix(sources: list[Path], tempo: float) -> None:
    """Raise `UsageError` if a cover cannot be mixed with its source."""
    from symbolic_cover.listening.formats import AUDIO_SUFFIXES

    if written := [source for source in sources if source.suffix.lower() not in AUDIO_SUFFIXES]:
        raise UsageError(f"--mix needs a recording, which {written[0].name} is not.", "Leave --mix out.")
    if sources and tempo != 1.0:
        raise UsageError("--mix keeps the tempo of the recording.", "Leave --tempo out.")


def sources_of_inputs(inputs: list[Path]) -> list[Path]:
    """The files to cover: those named, and those in named folders."""
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
    """A folder for each source, unique even if two have the same name."""
    names = [source.stem for source in sources]
    return [
        out / (name if names.count(name) == 1 else source.name.replace(".", "-"))
        for name, source in zip(names, sources, strict=True)
    ]
