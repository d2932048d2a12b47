"""Pretrains the tiny T5 that ships with the harness: `python -m recipes.embedded.pretrain`.

Writes model and tokenizer as a folder that transformers loads
offline. It is a recipe, not a trainer: no resuming, no devices, no options beyond seed and length.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import torch
from transformers import GenerationConfig, PreTrainedTokenizerFast, T5ForConditionalGeneration

from recipes.embedded.curriculum import Curriculum, Example
from recipes.embedded.initialise import new_model
from recipes.embedded.tokenizer import train_tokenizer

FOLDER: Final = Path(__file__).parents[2] / "harness/models/embedded/tiny_t5"
SEED: Final = 20
STEPS: Final = 12_000
TOKENS_PER_BATCH: Final = 1_800
POOL: Final = 512  # examples that are sorted by length before they are cut into batches
LEARNING_RATE: Final = 1.5e-3
WARM_UP: Final = 100
MAX_ANSWER: Final = 12

Batch = dict[str, torch.Tensor]


def batches(
    tokenizer: PreTrainedTokenizerFast, curriculum: Curriculum, rng: random.Random, steps: int
) -> Iterator[Batch]:
    """Yield batches of about `TOKENS_PER_BATCH` padded source tokens, of examples alike in length.

    Parameters
    ----------
    tokenizer : PreTrainedTokenizerFast
        Encodes sources and targets.
    curriculum : Curriculum
        Where the examples come from.
    rng : random.Random
        Shuffles the batches of a pool, so that their lengths come in any order.
    steps : int
        How many batches to yield; also the length of the curriculum.
    """
    done = 0
    while done < steps:
        examples = [curriculum.draw(done / steps) for _ in range(POOL)]
        sources = tokenizer([example.source for example in examples])["input_ids"]
        targets = tokenizer([example.target for example in examples])["input_ids"]
        pairs = sorted(zip(sources, targets, strict=True), key=lambda pair: len(pair[0]))
        pool = _cut(pairs)
        rng.shuffle(pool)
        for group in pool[: steps - done]:
            done += 1
            yield _collate(group)


def exact_matches(
    model: T5ForConditionalGeneration, tokenizer: PreTrainedTokenizerFast, examples: list[Example]
) -> float:
    """Return the share of examples that greedy decoding answers to the letter."""
    model.train(False)
    ordered = sorted(examples, key=lambda example: len(example.source))
    hits = 0
    untyped: Any = model  # the types of `generate` do not admit T5
    for start in range(0, len(ordered), 50):
        group = ordered[start : start + 50]
        inputs = tokenizer([e.source for e in group], padding=True, return_tensors="pt")
        with torch.inference_mode():
            output = untyped.generate(
                input_ids=inputs["input_ids"],
                attention_mask=inputs["attention_mask"],
                max_new_tokens=MAX_ANSWER,
                do_sample=False,
            )
        texts = tokenizer.batch_decode(output, skip_special_tokens=True)
        hits += sum(text == e.target for text, e in zip(texts, group, strict=True))
    model.train(True)
    return hits / len(examples)


def pretrain(
    seed: int, steps: int, folder: Path
) -> tuple[T5ForConditionalGeneration, PreTrainedTokenizerFast]:
    """Train tokenizer and model, saving both to `folder` now and then and at the end.

    Parameters
    ----------
    seed : int
        Seed of the text, the weights and the order.
    steps : int
        Number of updates.
    folder : Path
        Where to write; what was there under the same names is overwritten.
    """
    started = time.perf_counter()
    tokenizer = train_tokenizer(seed)
    print(f"tokenizer: {len(tokenizer)} entries, {time.perf_counter() - started:.0f} s", flush=True)
    model = new_model(seed, first_word=tokenizer("question")["input_ids"][0])
    model.generation_config = GenerationConfig(  # type: ignore[no-untyped-call]
        decoder_start_token_id=0, pad_token_id=0, eos_token_id=1, max_new_tokens=MAX_ANSWER
    )
    held_out = Curriculum(seed + 1)
    validation = [held_out.answer() for _ in range(300)]
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=LEARNING_RATE, betas=(0.9, 0.98), weight_decay=0.0
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, steps))
    model.train()
    losses: list[float] = []
    stream = batches(tokenizer, Curriculum(seed), random.Random(f"batches-{seed}"), steps)
    for step, batch in enumerate(stream, start=1):
        loss = model(**batch, use_cache=False).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        if step % 250 == 0:
            recent = sum(losses[-250:]) / 250
            elapsed = time.perf_counter() - started
            print(f"step {step:>6,} of {steps:,}  loss {recent:.3f}  {elapsed:.0f} s", flush=True)
        if step % 1_000 == 0 or step == steps:
            score = exact_matches(model, tokenizer, validation)
            print(f"  exact match on held-out pretraining questions: {score:.3f}", flush=True)
            model.save_pretrained(folder)
            tokenizer.save_pretrained(folder)
    return model, tokenizer


def _rate(step: int, steps: int) -> float:
    """Return the share of the learning rate: warm-up, level, linear decay over the second half."""
    return min(1.0, (step + 1) / WARM_UP, 2 * (steps - step) / steps)


def _cut(pairs: list[tuple[list[int], list[int]]]) -> list[list[tuple[list[int], list[int]]]]:
    """Cut pairs sorted by length into groups that stay within `TOKENS_PER_BATCH` when padded."""
    groups: list[list[tuple[list[int], list[int]]]] = [[]]
    for pair in pairs:
        if groups[-1] and len(pair[0]) * (len(groups[-1]) + 1) > TOKENS_PER_BATCH:
            groups.append([])
        groups[-1].append(pair)
    return groups


def _collate(group: list[tuple[list[int], list[int]]]) -> Batch:
    width = max(len(source) for source, _ in group)
    length = max(len(target) for _, target in group)
    source = torch.tensor([ids + [0] * (width - len(ids)) for ids, _ in group])
    labels = torch.tensor([ids + [-100] * (length - len(ids)) for _, ids in group])
    return {"input_ids": source, "attention_mask": (source != 0).long(), "labels": labels}


def main() -> None:
    """Parse the command line, pretrain, report the time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where to write")
    parser.add_argument("--seed", type=int, default=SEED, help="the files that ship: %(default)s")
    parser.add_argument("--steps", type=int, default=STEPS, help="the files that ship: %(default)s")
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # with one thread the result repeats bit by bit on one machine
    started = time.process_time()
    pretrain(arguments.seed, arguments.steps, arguments.folder)
    print(f"wrote {arguments.folder}: {time.process_time() - started:.0f} CPU seconds")


if __name__ == "__main__":
    main()
