"""General MIDI: families of programs, and the controls that scores and synthesizers share.

Programs are counted from 0. Families are those of the General MIDI 1 sound set (MMA, 1991) or parts of them; each set
below says what it is for.
"""

from __future__ import annotations

VOLUME_CONTROL, PAN_CONTROL, PEDAL_CONTROL = 7, 10, 64

PIANOS = frozenset(range(8))
#: Keyboards without blowing or mallets: pianos, and the organs that have keys.
ORGANS = frozenset(range(16, 21))
ACCORDIONS = frozenset(range(21, 24))
#: Instruments for two hands (mallets, 8..15, are played differently).
KEYBOARDS = PIANOS | ORGANS
#: All whose players read chords on two staves, mallets and accordions included.
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

#: Instruments that sustain a note as long as asked, so that a score must give its length.
SUSTAINING = ORGANS | ACCORDIONS | STRINGS | VOICES | BRASS | WOODWINDS | {55}
#: Instruments that can hold the last chord of a song: bows, voices, winds and organs.
HOLDING = ORGANS | STRINGS | VOICES | BRASS | WOODWINDS
#: Instruments of a hall rather than a room: orchestra and choir, without synth brass and saxophones.
OF_THE_HALL = frozenset({*range(40, 55), *range(56, 62), *range(68, 76)})
