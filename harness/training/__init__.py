"""Fine-tuning: encoded examples and a trainable model in, a trained model out."""

from harness.training.train import TrainingSummary, train

__all__ = ["TrainingSummary", "train"]
