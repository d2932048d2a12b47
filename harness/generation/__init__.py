"""Predictions: a trained model and encoded prompts in, one text per item out."""

from harness.generation.generate import Prediction, generate
from harness.generation.partial import PartialAnswers
from harness.generation.watching import Watch

__all__ = ["PartialAnswers", "Prediction", "Watch", "generate"]
