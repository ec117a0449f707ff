"""Volume and pan of the parts, MIDI controls 7 and 10."""

from __future__ import annotations

import numpy as np

from symbolic_cover.core.arrangement import Arrangement
from symbolic_cover.notation.players import Player, families_of, is_bass, players_of

_CENTRE = 64
#: Measured with FluidR3: accents of the melody add some 5 dB by themselves; kits are softer than the other instruments.
_ALONE, _LEADING, _BASS, _DRUMS, _OTHERS = 100, 106, 98, 104, 92
#: The pan of the outer members of a choir, quartet or orchestra, and of the others in a band.
_SEATS, _BAND = 30, 34


def balance_of(arrangement: Arrangement) -> list[tuple[int, int]]:
    """Volume and pan of each part.

    A single instrument is in the middle. Strings and choirs are spread in the order of the score; in other ensembles
    the leading part, bass and drums are in the middle, the rest alternately left and right. The melody is loudest.
    """
    players = players_of(arrangement)
    pans = _pans(players)
    balance = {}
    for player, pan in zip(players, pans, strict=True):
        for part in player.parts:
            balance[id(part)] = (_volume(player, len(players)), pan)
    return [balance.get(id(part), (_OTHERS, _CENTRE)) for part in arrangement.parts]


def _volume(player: Player, n_players: int) -> int:
    if n_players == 1:
        return _ALONE
    if player.leads:
        return _LEADING
    if player.is_drums:
        return _DRUMS
    return _BASS if is_bass(player.parts[0]) else _OTHERS


def _pans(players: list[Player]) -> list[int]:
    pans = {id(player): _CENTRE for player in players}
    seated: set[int] = set()
    for _, members in families_of(players):
        places = np.linspace(_CENTRE - _SEATS, _CENTRE + _SEATS, len(members)).round().astype(int).tolist()
        pans |= {id(player): place for player, place in zip(members, places, strict=True)}
        seated |= {id(player) for player in members}
    others = [
        player
        for player in players
        if id(player) not in seated and not (player.leads or player.is_drums or is_bass(player.parts[0]))
    ]
    for number, player in enumerate(others):
        if len(players) > 1:
            width = _BAND if len(others) > 1 else _BAND // 4
            step = width * (number // 2 + 1) // ((len(others) + 1) // 2)
            pans[id(player)] = _CENTRE + (step if number % 2 else -step)
    return [pans[id(player)] for player in players]
