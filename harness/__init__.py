"""Ablation harness for fine-tuning language models on question answering."""

__version__ = "0.1.0"
