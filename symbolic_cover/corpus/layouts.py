"""Assign the tracks of a piece to the parts of its ensemble.

Tracks are identified by what their source states, by name, by program or by register. Music that does not fit the
ensemble (a song without its voice, a hymn on two staves) is divided by register, or the piece is assigned to another
ensemble.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from symbolic_cover.analysis.melody import find_melody_track
from symbolic_cover.core.heard import Role, Track
from symbolic_cover.core.instruments import BASSES, BRASS, GUITARS, PIANOS, WOODWINDS
from symbolic_cover.core.music import Note
from symbolic_cover.corpus.settle import settle


class Laid(NamedTuple):
    """A piece on its ensemble: notes by part, including those of the lead.

    `melody` is the song's melody if the piece states it, else empty; `stacks` are block chords that state the harmony.
    """

    ensemble: str
    parts: dict[str, list[Note]]
    melody: list[Note]
    stacks: list[Note]


def lay_out(tracks: Sequence[Track], ensemble: str, melody: Sequence[Note] = ()) -> Laid:
    """Assign every note of quantized tracks to a part of `ensemble`.

    `melody` is the melody if another file states it. Unisons within a part become one note, and onsets are moved to the
    positions that covers use.
    """
    laid = _LAYOUTS[ensemble]([track for track in tracks if track.notes], list(melody))
    parts = {name: settle(name, merge_unisons(notes)) for name, notes in laid.parts.items()}
    return laid._replace(parts=parts, melody=settle("melody", merge_unisons(laid.melody)))


def guess_ensemble(tracks: Sequence[Track]) -> str:
    """The likely ensemble of a piece without information: by names, programs, and the number of tracks."""
    tracks = [track for track in tracks if track.notes]
    pitched = [track for track in tracks if not track.is_drums]
    programs = {track.program for track in pitched}
    if not pitched:
        return "drum-kit"
    if len(pitched) < len(tracks):
        return "band"
    if _by_names(pitched, _SATB, _SATB_NAMES):
        return "choir"
    if _by_names(pitched, _QUARTET, _QUARTET_NAMES) or (len(pitched) == 4 and programs <= {40, 41, 42, 43, 48, 49}):
        return "string-quartet"
    if (
        len(pitched) >= 3
        and any(_VOICE.search(t.name) for t in pitched)
        and any(_PIANO.search(t.name) for t in pitched)
    ):
        return "voice-piano"
    if programs <= GUITARS:
        return "guitar"
    return "solo-piano" if programs <= PIANOS else "band"


def merge_unisons(notes: Sequence[Note]) -> list[Note]:
    """One note for each onset and pitch: the longest of them."""
    longest: dict[tuple[int, int], Note] = {}
    for note in notes:
        place = note.onset_tick, note.pitch
        if place not in longest or longest[place].duration_tick < note.duration_tick:
            longest[place] = note
    return sorted(longest.values())


def _pool(tracks: Sequence[Track]) -> list[Note]:
    return [note for track in tracks if not track.is_drums for note in track.notes]


def _piano(tracks: list[Track], melody: list[Note]) -> Laid:
    """All notes belong to one player; of several tracks, one may be named the melody and one the chords."""
    named = next((list(track.notes) for track in tracks if len(tracks) > 1 and track.role is Role.MELODY), [])
    stacks = [track for track in tracks if len(tracks) > 1 and track.role is Role.CHORDS]
    played = _pool([track for track in tracks if track not in stacks])
    return Laid("solo-piano", {"right-hand": played}, melody or named, _pool(stacks))


def _guitar(tracks: list[Track], melody: list[Note]) -> Laid:
    return Laid("guitar", {"guitar": _pool(tracks)}, melody, [])


_VOICE = re.compile(r"voi|sing|chant|gesang|canto|sopran|alt|tenor|bariton|bass\b|bas\b|głos|glos|śpiew|spiew", re.I)
_PIANO = re.compile(r"pian|fortep|klav|clav|accomp|harmon|organ|\brh\b|\blh\b", re.I)


def _voice_piano(tracks: list[Track], melody: list[Note]) -> Laid:
    """Voices are the tracks with such names, else all but the last two."""
    voices = [track for track in tracks if _VOICE.search(track.name) and not _PIANO.search(track.name)]
    if not voices or len(voices) == len(tracks):
        voices = tracks[:-2]
    if not voices:
        return _piano(tracks, melody)
    singing = _pool(voices)
    playing = _pool([track for track in tracks if track not in voices])
    return Laid("voice-piano", {"voice": singing, "right-hand": playing}, singing, [])


_SATB = ("soprano", "alto", "tenor", "bass-voice")
_SATB_NAMES = (r"sop|cant|disc|tipl|super|treb", r"alt", r"ten", r"bas")


def _choir(tracks: list[Track], melody: list[Note]) -> Laid:
    parts = _by_names(tracks, _SATB, _SATB_NAMES) or _by_height(tracks, _SATB)
    return Laid("choir", parts, parts["soprano"], [])


_QUARTET = ("violin-1", "violin-2", "viola", "cello")
_QUARTET_NAMES = (r"viol(in|on)[eio]* *(1|i\b)", r"viol(in|on)[eio]* *(2|ii)", r"viola|bratsch|alto", r"cell|basso")


def _quartet(tracks: list[Track], melody: list[Note]) -> Laid:
    parts = _by_names(tracks, _QUARTET, _QUARTET_NAMES) or _by_height(tracks, _QUARTET)
    return Laid("string-quartet", parts, parts["violin-1"], [])


def _by_names(tracks: Sequence[Track], parts: Sequence[str], patterns: Sequence[str]) -> dict[str, list[Note]] | None:
    """Notes by part if every track's name identifies its part and every part has a track."""
    found: dict[str, list[Note]] = {}
    for track in tracks:
        part = next((p for p, pattern in zip(parts, patterns, strict=True) if re.search(pattern, track.name, re.I)), "")
        if not part:
            return None
        found.setdefault(part, []).extend(track.notes)
    return {part: found[part] for part in parts} if len(found) == len(parts) else None


def _by_height(tracks: Sequence[Track], parts: Sequence[str]) -> dict[str, list[Note]]:
    """Tracks by mean pitch, or, if there are fewer than parts, the notes of each onset by rank."""
    if len(tracks) >= len(parts):
        ordered = sorted(tracks, key=lambda track: -float(np.mean([note.pitch for note in track.notes])))
        shares = np.array_split(np.arange(len(ordered)), len(parts))
        return {part: _pool([ordered[i] for i in share]) for part, share in zip(parts, shares, strict=True)}
    return _by_rank(_pool(tracks), parts)


def _by_rank(notes: Sequence[Note], parts: Sequence[str]) -> dict[str, list[Note]]:
    """Each onset's notes from top to bottom; with fewer notes than parts the outer parts go first."""
    onsets: dict[int, list[Note]] = {}
    for note in merge_unisons(notes):
        onsets.setdefault(note.onset_tick, []).append(note)
    found: dict[str, list[Note]] = {part: [] for part in parts}
    last = len(parts) - 1
    for struck in onsets.values():
        falling = sorted(struck, key=lambda note: -note.pitch)
        for rank, note in enumerate(falling):
            is_lowest = rank == len(falling) - 1 and rank > 0
            found[parts[last if is_lowest else min(rank, last)]].append(note)
    return found


def _lead_sheet(tracks: list[Track], melody: list[Note]) -> Laid:
    """The track named a melody, else the first; the others are its chords."""
    lead = next((track for track in tracks if track.role is Role.MELODY), tracks[0])
    stacks = _pool([track for track in tracks if track is not lead])
    sung = list(lead.notes)
    return Laid("lead-sheet", {"melody": sung, "chord-stacks": stacks}, sung, stacks)


_ORCHESTRA_NAMES = (
    ("timpani", r"timp|pauk|tympan"),
    ("percussion", r"drum|cymb|triang|tambur|becken|tromm|piatti|cassa|glock|campan"),
    ("woodwinds", r"flut|flaut|flöt|trav|picc|oboe|hautb|engl|corno? ing|clar|klar|bass(et|oon)|fag|contraf|record"),
    ("brass", r"horn|corn|tromb|tromp|trump|tuba|ophic|posaun|clarin[oi]"),
    ("violin-2", r"viol(in|on)[eio]* *(2|ii)"),
    ("violin-1", r"viol(in|on)|solo"),
    ("viola", r"viola|bratsch"),
    ("double-bass", r"contrab|double *bass|kontrab|\bbass[oi]?\b|violone"),
    ("cello", r"cell|continuo"),
)  # fmt: skip


def _orchestra(tracks: list[Track], melody: list[Note]) -> Laid:
    parts: dict[str, list[Note]] = {}
    for track in tracks:
        part = next((part for part, pattern in _ORCHESTRA_NAMES if re.search(pattern, track.name, re.I)), None)
        part = part or _orchestra_part(track.program)
        if part != "percussion" and not track.is_drums:
            parts.setdefault(part, []).extend(track.notes)
    return Laid("orchestra", parts, melody, [])


def _orchestra_part(program: int) -> str:
    families = ((40, "violin-1"), (41, "viola"), (42, "cello"), (43, "double-bass"), (47, "timpani"))
    exact = dict(families).get(program)
    return exact or ("brass" if program in BRASS else "woodwinds" if program in WOODWINDS else "violin-2")


def _band(tracks: list[Track], melody: list[Note]) -> Laid:
    """Parts by program; the melody is the track with such a name, else the one most like a melody."""
    pitched = [track for track in tracks if not track.is_drums]
    lead = next((track for track in pitched if track.role is Role.MELODY), None)
    sung = list(lead.notes) if lead else list(find_melody_track([track.notes for track in pitched]))
    struck = {(note.onset_tick, note.pitch) for note in sung}
    parts: dict[str, list[Note]] = {"melody": sung} if sung else {}
    for track in tracks:
        if track is lead:
            continue
        part = "drums" if track.is_drums else _band_part(track)
        notes = list(track.notes)
        kept = notes if track.is_drums else [n for n in notes if (n.onset_tick, n.pitch) not in struck]
        parts.setdefault(part, []).extend(kept)
    return Laid("band", parts, sung, [])


def _band_part(track: Track) -> str:
    if track.program in BASSES or (re.search(r"bass|walk", track.name, re.I) and _is_low(track)):
        return "bass"
    families = (
        (24, "keys"),
        (32, "band-guitar"),
        (56, "strings"),
        (88, "winds"),
        (104, "strings"),
        (108, "band-guitar"),
    )
    return next((part for bound, part in families if track.program < bound), "keys")


def _is_low(track: Track) -> bool:
    return float(np.median([note.pitch for note in track.notes])) < 55


def _drum_kit(tracks: list[Track], melody: list[Note]) -> Laid:
    return Laid("drum-kit", {"drums": [note for track in tracks for note in track.notes]}, [], [])


_LAYOUTS: dict[str, Callable[[list[Track], list[Note]], Laid]] = {
    "solo-piano": _piano,
    "guitar": _guitar,
    "voice-piano": _voice_piano,
    "choir": _choir,
    "string-quartet": _quartet,
    "lead-sheet": _lead_sheet,
    "orchestra": _orchestra,
    "band": _band,
    "drum-kit": _drum_kit,
}
