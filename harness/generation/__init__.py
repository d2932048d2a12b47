"""Predictions: a trained model and encoded prompts in, one text per item out."""

from harness.generation.generate import Prediction, generate

__all__ = ["Prediction", "generate"]
