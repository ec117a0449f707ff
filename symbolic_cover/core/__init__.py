"""What every room knows: the nouns, the errors, and the facts that stand in one place."""
