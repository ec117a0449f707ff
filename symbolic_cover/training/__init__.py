"""Training: windows of bars, the Trainer, samples along the way."""
