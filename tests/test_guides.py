"""What the guides show can be typed: every YAML entry in them is valid."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from pydantic import TypeAdapter

from harness.experiment.data import Data, Prompt
from harness.experiment.model import Model
from harness.experiment.recipe import Generation, Training
from harness.experiment.schema import Analysis, Resources, Seed, WeightsAndBiases
from harness.experiment.search import Search

GUIDES = Path(__file__).parents[1] / "docs" / "guides"
SECTIONS = {
    "data": Data.model_validate,
    "prompt": Prompt.model_validate,
    "resources": Resources.model_validate,
    "wandb": WeightsAndBiases.model_validate,
    "model": Model.model_validate,
    "adapter": lambda value: Model(name="any", adapter=value),
    "freeze": lambda value: Model(name="any", freeze=value),
    "training": Training.model_validate,
    "generation": Generation.model_validate,
    "analysis": Analysis.model_validate,
    "search": Search.model_validate,
    "seeds": TypeAdapter(tuple[Seed, ...]).validate_python,
}


def _entries() -> list[tuple[str, str]]:
    """Each top-level key of each YAML block, with what belongs to it."""
    found = []
    for path in sorted(GUIDES.glob("*.md")):
        for block in re.findall(r"```yaml\n(.*?)```", path.read_text(), flags=re.DOTALL):
            found += [(path.name, entry) for entry in re.split(r"\n(?=\S)", block.strip())]
    return found


@pytest.mark.parametrize(("guide", "entry"), _entries())
def test_an_entry_of_a_guide_is_valid(guide: str, entry: str) -> None:
    ((key, value),) = yaml.safe_load(entry).items()
    SECTIONS[key](value)


def test_there_are_entries() -> None:
    assert len(_entries()) > 10
