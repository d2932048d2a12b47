"""Ludwig's trainer and split: the recipe, and what is held out for validation.

Part of the importer `ludwig`. Ludwig always splits its one data set (70, 10 and 20 % by default)
and keeps the best state; here validation items are taken where the configuration asks for them.
"""

from __future__ import annotations

from typing import Any

from harness.importing.account import (
    Entry,
    Outcome,
    Table,
    Tree,
    added,
    as_here,
    changed,
    nothing,
    number,
    numeric,
    only,
    refused,
    same,
    taken,
    to,
    without,
)
from harness.importing.common import Places
from harness.importing.reading import Leaf

__all__ = ["TRAINING", "validated"]

_T = "base.training"
_SCHEDULER = "trainer.learning_rate_scheduler"
_USUAL_SHARE = 0.125  # 10 of the 80 % that Ludwig does not keep for the test
_METRICS = {"bleu": "bleu", "rouge": "rougeL", "loss": "validation_loss"}


def validated(tree: Tree, places: Places) -> list[Entry]:
    """Validation items if something needs them, and the trainer's defaults that matter."""
    entries = []
    probabilities = tree.get("preprocessing.split.probabilities")
    if _keeps_best(tree) and probabilities is None and not places.validation:
        why = "the best state is chosen on these; Ludwig's default split holds out as many"
        entries.append(added("base.data.validation.share", _USUAL_SHARE, why))
    if f"{_SCHEDULER}.decay" not in tree:
        why = "Ludwig's default: the learning rate stays; here it would fall to zero (linear)"
        entries.append(added(f"{_T}.schedule", _flat(tree), why))
    numbers: dict[str, tuple[Any, str]] = {
        "epochs": (1, "Ludwig's default is 100 with early stopping; LLMs need few"),
        "learning_rate": (1e-4, "Ludwig's default of 0.001 is high for an LLM"),
        "batch_size": (8, "Ludwig tries out what fits the device; here it is part of the recipe"),
    }
    if tree.get("trainer.train_steps"):
        del numbers["epochs"]
    for key, (value, why) in numbers.items():
        if f"trainer.{key}" not in tree:
            entries.append(added(f"{_T}.{key}", value, f"not in your file; {why}"))
    return entries


def _type(leaf: Leaf, tree: Tree) -> Outcome:
    if leaf.value == "finetune":
        return nothing("arms are fine-tuned")
    raise refused(
        leaf,
        "this trainer trains nothing, so there is nothing to compare",
        allowed="finetune",
        fix="set type: finetune with a learning_rate; the untrained model is an arm all the same",
    )


def _learning_rate(leaf: Leaf, tree: Tree) -> Outcome:
    if leaf.value == "auto":
        why = "it is part of the recipe here, not found out; `harness search` can tune it"
        return changed({f"{_T}.learning_rate": 1e-4}, why)
    return taken(f"{_T}.learning_rate", number(leaf))


def _batch(path: str, value: int) -> Any:
    def rule(leaf: Leaf, tree: Tree) -> Outcome:
        if leaf.value == "auto":
            why = "a size that depends on the device would change the recipe with it: choose one"
            return changed({path: value}, why)
        return nothing("null there, left out here") if not leaf.value else taken(path, number(leaf))

    return rule


def _optimizer(leaf: Leaf, tree: Tree) -> Outcome:
    kind = str(leaf.value)
    if kind == "adamw":
        return nothing("AdamW")
    if "adam" in kind and "adamax" not in kind and "nadam" not in kind:
        decays = bool(tree.get("trainer.optimizer.weight_decay"))
        how = "its weight decay is decoupled" if decays else "the same without weight decay"
        return changed({}, f"AdamW with 32-bit state is the optimizer here; {how}")
    raise refused(
        leaf,
        "this optimizer is not here, and its learning rate would mean something else",
        allowed="adamw, adam, and their paged and 8-bit forms",
        fix="set optimizer.type: adamw and a learning_rate for it",
    )


def _decay(leaf: Leaf, tree: Tree) -> Outcome:
    path = f"{_T}.schedule"
    if leaf.value in ("linear", "cosine"):
        return taken(path, leaf.value)
    if leaf.value is None:
        return changed({path: _flat(tree)}, "no decay is called constant here")
    if leaf.value == "exponential":
        return changed({path: "cosine"}, "no exponential decay here; the cosine falls as gradually")
    raise refused(leaf, "there is no such decay", allowed="linear, cosine, exponential, null")


def _flat(tree: Tree) -> str:
    return "constant_with_warmup" if tree.get(f"{_SCHEDULER}.warmup_fraction") else "constant"


def _warmup(leaf: Leaf, tree: Tree) -> Outcome:
    return taken(f"{_T}.warmup_share", number(leaf)) if leaf.value else nothing("no warm-up")


def _clip(leaf: Leaf, tree: Tree) -> Outcome:
    if leaf.value is None:
        return without("gradients are always clipped; a large training.max_grad_norm has no effect")
    return taken(f"{_T}.max_grad_norm", number(leaf))


def _keeps_best(tree: Tree) -> bool:
    early = tree.get("trainer.early_stop")
    stops = isinstance(early, int) and early > 0
    return stops or tree.get("trainer.validation_metric") is not None


def _best_metric(tree: Tree) -> str:
    return _METRICS.get(str(tree.get("trainer.validation_metric")), "validation_loss")


def _early_stop(leaf: Leaf, tree: Tree) -> Outcome:
    rounds = number(leaf) if leaf.value is not None else -1
    if rounds <= 0:
        return nothing("training runs to its end")
    sets = {f"{_T}.best.metric": _best_metric(tree), f"{_T}.best.patience": rounds}
    return changed(sets, "evaluations in a row that were no better; the best state is kept")


def _validation_metric(leaf: Leaf, tree: Tree) -> Outcome:
    if leaf.value is None:
        return nothing("null there, left out here")
    path = f"{_T}.best.metric"
    ours = _best_metric(tree)
    if leaf.value == ours:
        return taken(path, ours)
    if str(leaf.value) in _METRICS:
        return changed({path: ours}, f"it is called {ours} here")
    return changed({path: ours}, "no such metric of validation here; the loss judges as finely")


def _checkpoint(leaf: Leaf, tree: Tree) -> Outcome:
    if not leaf.value:
        return nothing("evaluated after every epoch")
    if _keeps_best(tree):
        why = "evaluations write the checkpoints when the best state is kept"
        return changed({f"{_T}.evaluate_every": number(leaf)}, why)
    why = "without validation items it only says how often an interrupted run can go on from"
    return changed({"resources.checkpoint_every": number(leaf)}, why)


def _probabilities(leaf: Leaf, tree: Tree) -> Outcome:
    value = leaf.value
    shares = isinstance(value, list) and len(value) == 3
    if not shares or not all(isinstance(one, (int, float)) and one >= 0 for one in value):
        raise refused(leaf, "these are not three shares", allowed="[0.7, 0.1, 0.2]")
    train, validation, _ = value
    if not train:
        raise refused(leaf, "no items are left for training", allowed="[0.7, 0.1, 0.2]")
    why = "the test items are a file of their own (--test)"
    if not validation:
        return changed({}, f"nothing is held out for validation; {why}")
    share = round(validation / (train + validation), 6)
    return changed({"base.data.validation.share": share}, f"of the training file; {why}")


def _mixed(leaf: Leaf, tree: Tree) -> Outcome:
    if not leaf.value:
        return nothing("computed in full precision")
    return changed({f"{_T}.bf16": True}, "bf16 here, which needs no scaling of the loss")


_SPLIT = only(
    "items are not split by the program: give it files of their own (--data, --test, --validation)"
)
_PLATEAU = same(0, why="off", otherwise="only schedules that are fixed beforehand are here")

TRAINING: Table = {
    "preprocessing.split.type": same(
        "random",
        why="validation items are a random share; the test items are a file of their own",
        otherwise="cut the parts into files of their own (--data, --test, --validation)",
    ),
    "preprocessing.split.probabilities": _probabilities,
    "preprocessing.split.*": _SPLIT,
    "trainer.type": _type,
    "trainer.learning_rate": _learning_rate,
    "trainer.batch_size": _batch(f"{_T}.batch_size", 8),
    "trainer.eval_batch_size": _batch("base.generation.batch_size", 8),
    "trainer.gradient_accumulation_steps": _batch(f"{_T}.gradient_accumulation", 1),
    "trainer.epochs": numeric(f"{_T}.epochs"),
    "trainer.train_steps": numeric(f"{_T}.max_steps"),
    "trainer.optimizer.type": _optimizer,
    "trainer.optimizer.betas": to(f"{_T}.betas"),
    "trainer.optimizer.weight_decay": numeric(f"{_T}.weight_decay"),
    "trainer.optimizer.eps": only("AdamW's epsilon is 1e-8 here"),
    "trainer.optimizer.*": only("there is no such option of the optimizer here"),
    "trainer.gradient_clipping.clipglobalnorm": _clip,
    "trainer.gradient_clipping.*": same(
        why="off", otherwise="gradients are clipped by their norm here: training.max_grad_norm"
    ),
    "trainer.enable_gradient_checkpointing": to(f"{_T}.gradient_checkpointing"),
    "trainer.use_mixed_precision": _mixed,
    "trainer.early_stop": _early_stop,
    "trainer.validation_metric": _validation_metric,
    "trainer.validation_field": as_here("there is one output"),
    "trainer.steps_per_checkpoint": _checkpoint,
    "trainer.checkpoints_per_epoch": same(
        0, why="off", otherwise="give optimizer steps instead: training.evaluate_every"
    ),
    f"{_SCHEDULER}.decay": _decay,
    f"{_SCHEDULER}.warmup_fraction": _warmup,
    f"{_SCHEDULER}.warmup_evaluations": same(
        0, why="no warm-up", otherwise="give optimizer steps instead: training.warmup_steps"
    ),
    f"{_SCHEDULER}.reduce_on_plateau": _PLATEAU,
    f"{_SCHEDULER}.*": only("the schedule has no such option here"),
    "trainer.learning_rate_scaling": only("the learning rate is that of all processes together"),
    "trainer.should_shuffle": same(
        True, why="shuffled, by the seed", otherwise="training items are always shuffled here"
    ),
    "trainer.regularization_lambda": same(
        0, why="off", otherwise="decay the weights instead: training.weight_decay"
    ),
    "trainer.skip_all_evaluation": only("leave data.validation out to evaluate nothing"),
    "trainer.evaluate_training_set": only("the training loss is logged; the items not scored"),
    "random_seed": only("list the seeds of the trainings you want to compare in `seeds`"),
}
"""Rules for trainer and split."""
