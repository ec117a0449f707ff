"""Training data: sources, preparation and shards."""
