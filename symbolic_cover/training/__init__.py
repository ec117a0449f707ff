"""Training: windows of bars, the Trainer, samples during training."""
