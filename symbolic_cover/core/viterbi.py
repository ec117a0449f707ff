"""Viterbi decoding of states that seldom change."""

from __future__ import annotations

import numpy as np


def steadiest_path(scores: np.ndarray, change_cost: np.ndarray) -> list[int]:
    """The path with the greatest sum of scores less the costs of changes (Viterbi).

    `scores` (steps, states); `change_cost` (steps,) is paid at a step whose state differs from the one before. Returns
    the states, (steps,).
    """
    n_steps, n_states = scores.shape
    best = scores[0].copy()
    came_from = np.zeros((n_steps, n_states), dtype=int)
    for step in range(1, n_steps):
        source = int(np.argmax(best))
        left = best[source] - change_cost[step]
        stays = best >= left
        came_from[step] = np.where(stays, np.arange(n_states), source)
        best = np.where(stays, best, left) + scores[step]
    path = [int(np.argmax(best))]
    for step in range(n_steps - 1, 0, -1):
        path.append(int(came_from[step, path[-1]]))
    return path[::-1]
