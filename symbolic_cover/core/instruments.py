"""General MIDI: families of programs, and the controls that scores and synthesizers share.

Programs are counted from 0. Families are those of the General MIDI 1 sound set (MMA, 1991) or parts of them; each set
below says what it is for.
"""

from __future__ import annotations

VOLUME_CONTROL, PAN_CONTROL, PEDAL_CONTROL = 7, 10, 64

PIANOS = frozenset(range(8))
#: Keyboards that hold what is pressed without blowing or striking mallets: pianos, and the organs that have keys.
ORGANS = frozenset(range(16, 21))
ACCORDIONS = frozenset(range(21, 24))
#: For two hands (mallets, 8..15, are played otherwise).
KEYBOARDS = PIANOS | ORGANS
#: All whose players read chords on a keyboard's two staves, mallets and accordions too.
CHORDAL_KEYBOARDS = frozenset(range(24))
#: Pianos with a sustain pedal: harpsichord and clavinet have none.
PEDALLED = frozenset(range(6))
GUITARS = frozenset(range(24, 32))
BASSES = frozenset(range(32, 40))
BOWED = frozenset(range(40, 45))
STRING_SECTIONS = frozenset(range(48, 52))
STRINGS = BOWED | STRING_SECTIONS
VOICES = frozenset(range(52, 55))
BRASS = frozenset(range(56, 64))
#: Reeds and pipes.
WOODWINDS = frozenset(range(64, 80))
TIMPANI = 47

#: Those that hold a note as long as they are asked to, so that a score must say how long.
SUSTAINING = ORGANS | ACCORDIONS | STRINGS | VOICES | BRASS | WOODWINDS | {55}
#: Those that hold the last chord of a song by nature: bows, voices, winds and organs.
HOLDING = ORGANS | STRINGS | VOICES | BRASS | WOODWINDS
#: Those heard in a hall rather than in a room: orchestra and choir, without synth brass and saxophones.
OF_THE_HALL = frozenset({*range(40, 55), *range(56, 62), *range(68, 76)})
