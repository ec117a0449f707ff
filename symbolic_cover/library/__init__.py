"""Datasets to learn from: where they come from, under which licences, and the folder that holds them."""
