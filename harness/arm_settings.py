"""What a trained arm is asked with: its base model, prompt and decoding, as a file beside it.

A value and its JSON form; loads nothing.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, ValidationError

from harness.errors import ModelError
from harness.experiment.data import Prompt
from harness.experiment.model import Model
from harness.experiment.recipe import Generation
from harness.experiment.section import Section

__all__ = ["ARM_FILE", "ArmSettings", "read_settings"]

ARM_FILE = "harness.json"
"""Beside an adapter or a model that was pushed: what `load_arm` asks it with."""


class ArmSettings(Section):
    """How a model is loaded and asked."""

    model: Model
    """The base, and how its weights are held."""
    prompt: Prompt
    """How a question becomes the model's input."""
    generation: Generation
    """How its answer is decoded."""
    seed: int = 0
    """With an item's id, decides random decoding."""
    fields: dict[str, str] = Field(default_factory=dict)
    """The data's own columns for `question`, `answers` and others."""


def read_settings(folder: Path) -> ArmSettings | None:
    """The settings beside a model; None where there is no such file.

    Raises
    ------
    ModelError
        The file is of another version, or damaged.
    """
    path = folder / ARM_FILE
    try:
        return ArmSettings.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise ModelError(
            "the settings beside this model are not understood",
            where=str(path),
            got=str(error).splitlines()[0],
            fix="use the version of the harness that wrote them, or take the file away and give"
            " prompt and generation",
        ) from None
