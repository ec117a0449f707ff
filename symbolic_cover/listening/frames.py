"""The frames and keys of posteriorgrams: the conventions of basic-pitch's model, used throughout.

Frame i is at ``i / FRAME_RATE_HZ`` seconds, column k is MIDI pitch ``LOWEST_PITCH + k``.
"""

RATE_HZ = 22050
HOP_SAMPLES = 256
FRAME_RATE_HZ = RATE_HZ / HOP_SAMPLES
LOWEST_PITCH = 21
N_PITCHES = 88
