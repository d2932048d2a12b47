"""The base configuration of an experiment: data, prompt, model, training, generation.

Rules that need more than one of these sections live here. Factors, hypotheses and the
file as a whole are `schema`'s.
"""

from __future__ import annotations

from typing import Any

from pydantic import model_validator

from harness.experiment.data import Data, Prompt
from harness.experiment.model import Model
from harness.experiment.recipe import Generation, Training
from harness.experiment.section import Section

__all__ = ["CIRCUMSTANCES", "Base"]

CIRCUMSTANCES: dict[str, Any] = {"training": {"log_every", "sanity_validation"}}
"""Settings of arms that cannot change a result, as pydantic's `exclude` takes them."""


class Base(Section):
    """The configuration that arms start from."""

    data: Data
    """The items."""
    prompt: Prompt
    """Items to text."""
    model: Model
    """The base model, and what of it is trained."""
    training: Training = Training()
    """The fine-tuning recipe."""
    generation: Generation = Generation()
    """The decoding of predictions."""

    @model_validator(mode="after")
    def _evaluation_has_items(self) -> Base:
        unused = self.training.overfit_batches or self.training.is_none
        if self.data.validation is None and not unused:
            for name in ("best", "evaluate_every", "sanity_validation"):
                if getattr(self.training, name) is not None:
                    raise ValueError(
                        f"training.{name} needs validation items; set data.validation, such as"
                        " {share: 0.1}"
                    )
        return self
