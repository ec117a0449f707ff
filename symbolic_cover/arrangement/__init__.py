"""From sheet to an arrangement: the model, its guarantees, and the rules beside it."""
