"""Music to learn from: sources, and the shards made of them."""
