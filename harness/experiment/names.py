"""Names of metrics in the experiment language, and which of them count something bad.

What they compute is in `harness.metrics`, which takes long to import.
"""

from __future__ import annotations

from typing import Final, Literal

__all__ = ["LOWER_IS_BETTER", "MetricName", "ValidationMetric"]

MetricName = Literal["em", "f1", "bleu", "rouge1", "rouge2", "rougeL", "ser"]

ValidationMetric = Literal[
    "validation_loss", "em", "f1", "bleu", "rouge1", "rouge2", "rougeL", "ser"
]
"""What can choose the weights that are kept, or the settings that a search finds."""

LOWER_IS_BETTER: Final[frozenset[str]] = frozenset({"validation_loss", "ser"})
