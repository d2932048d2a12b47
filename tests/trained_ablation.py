"""An ablation of tiny models, whose trained arms are taken back in several tests."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

EXPERIMENT = """\
name: tiny
question: Does what is trained matter?
base:
  data:
    source: embedded:invented_world
    train: {{split: train, limit: 16}}
    test: {{split: test, limit: 10}}
  prompt: {{template: "question: {{question}} context: {{context}}", max_tokens: 64}}
  model: {{name: "{t5}", adapter: {{kind: lora, r: 4}}}}
  training: {{epochs: 2, learning_rate: 3.0e-2, batch_size: 4}}
  generation: {{max_new_tokens: 6, batch_size: 4, do_sample: true, stop_strings: ["e"]}}
factors:
  family:
    control: {{t5: {{}}}}
    treatments: {{llama: {{model.name: "{llama}"}}}}
  trained:
    control: {{lora: {{}}}}
    treatments:
      qlora: {{model.precision: nf4}}
      whole: {{model.adapter: null}}
      untrained: {{training.max_steps: 0}}
seeds: [3]
analysis: {{hypotheses: [{{factor: trained, claim: different}}]}}
resources: {{threads: 1}}
"""


def run_tiny(folder: Path, store: Path, models: dict[str, Path]) -> Path:
    """Run it in a folder, which is returned; twice, so that the newer one reuses all runs."""
    from harness.cli import main

    shutil.copy(store, folder / "mlflow.db")
    text = EXPERIMENT.format(t5=models["t5"], llama=models["llama"])
    (folder / "tiny.yaml").write_text(text)
    with contextlib.chdir(folder):
        assert main(["ablation", "tiny.yaml"]) == 0
        assert main(["ablation", "tiny.yaml"]) == 0
    return folder
