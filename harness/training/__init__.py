"""Fine-tuning: encoded examples and a trainable model in, a trained model out."""

from harness.training.train import Checkpoints, TrainingSummary, train

__all__ = ["Checkpoints", "TrainingSummary", "train"]
