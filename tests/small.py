"""A small experiment on the embedded default, which several tests run."""

from __future__ import annotations

import json
from pathlib import Path

__all__ = ["EXPERIMENT", "comparisons"]

EXPERIMENT = """\
name: small
question: Does reading the paragraph help?
base:
  data:
    source: embedded:invented_world
    train: {split: train, limit: 60}
    test: {split: test, limit: 40}
  prompt: {template: "question: {question}", max_tokens: 256}
  model: {name: "embedded:tiny_t5", adapter: {kind: lora, r: 4}}
  training: {epochs: 1, learning_rate: 1.0e-2, batch_size: 16}
  generation: {max_new_tokens: 4, batch_size: 40}
factors:
  context:
    control: {question: {}}
    treatments: {question+context: {prompt.template: "question: {question} context: {context}"}}
seeds: [0, 1]
analysis:
  hypotheses: [{factor: context, claim: better}]
resources: {threads: 1}
"""


def comparisons(folder: Path = Path("results/small")) -> list[dict[str, object]]:
    """What its report concluded."""
    return json.loads((folder / "comparisons.json").read_text())
