"""Run by `torchrun` in each process: trains on given items, and writes what the first one saw.

Arguments: model folder, adapter ("lora" or "full"), output file.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import torch

from harness.data.encoding import Encoded
from harness.experiment.model import LoRA, Model
from harness.experiment.recipe import Training
from harness.models.base import load_base
from harness.models.trainable import trainable
from harness.training import train

N_ITEMS = 12
TRAINING = Training(
    epochs=2, batch_size=4, gradient_accumulation=1, learning_rate=1e-2, evaluate_every=3
)


def main(folder: str, adapter: str, output: str) -> None:
    """Train, and write losses and final weights as JSON."""
    torch.set_num_threads(1)
    config = Model(name=folder, adapter=LoRA(r=2) if adapter == "lora" else None)
    base = load_base(config)
    eos = base.tokenizer.eos_token_id
    items = [
        Encoded(str(i), "", list(range(20, 24 + i)), [*range(40 + i, 41 + 3 * i), eos], 0, 0, 0)
        for i in range(N_ITEMS)
    ]
    logs: list[dict[str, float]] = []
    with trainable(base, config, seed=1) as model:
        train(
            model,
            base.tokenizer,
            items,
            items[:8],
            TRAINING,
            seed=1,
            encoder_decoder=base.encoder_decoder,
            on_log=lambda step, values: logs.append(dict(values)),
            on_step=lambda done, total: None,
        )
        norm = sum(float(p.detach().double().norm()) for p in model.parameters() if p.requires_grad)
    if os.environ.get("RANK", "0") == "0":
        Path(output).write_text(json.dumps({"logs": logs, "norm": norm}))


if __name__ == "__main__":
    main(*sys.argv[1:])
