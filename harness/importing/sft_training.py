"""The knobs of a trainer's file: model, data, prompt, freezing, recipe, logging.

Part of the importer `sft`; knobs of the test are looked at elsewhere.
"""

from __future__ import annotations

from typing import Any

from harness.importing.account import (
    Outcome,
    Rule,
    Table,
    Tree,
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
from harness.importing.reading import Leaf
from harness.importing.sft_aliases import GROUP_NAMES
from harness.importing.sft_common import CIRCUMSTANCES, data_file, field, prompt, split

__all__ = ["TRAINING", "needs_validation"]

_T = "base.training"
_FREEZE = "base.model.freeze"
_SCORES = {"loss": "validation_loss", "validation_loss": "validation_loss", "rouge": "rougeL"}
_SCORES |= {name: name for name in ("em", "f1", "bleu", "rouge1", "rouge2")} | {"rougel": "rougeL"}


def needs_validation(tree: Tree) -> bool:
    """Whether something in the recipe looks at validation items."""
    interval = tree.get("train.val_check_interval")
    batches = isinstance(interval, int) and not isinstance(interval, bool) and interval > 0
    looks = (
        batches
        or bool(tree.get("train.checkpoint_metric"))
        or bool(tree.get("train.patience"))
        or (tree.get("train.num_sanity_val_steps") or 0) not in (0, -1)
    )
    given = any(tree.get(f"train.{key}") for key in ("val_data", "val_split", "overfit_batches"))
    return looks and not given


def _group_list(leaf: Leaf, tree: Tree) -> Outcome:
    names = [leaf.value] if isinstance(leaf.value, str) else leaf.value
    if not names:
        return nothing("nothing is frozen")
    if not isinstance(names, list) or any(str(name).lower() not in GROUP_NAMES for name in names):
        raise refused(leaf, "there is no such group of weights", allowed=", ".join(GROUP_NAMES))
    ours = list(dict.fromkeys(GROUP_NAMES[str(name).lower()] for name in names))
    path = f"{_FREEZE}.groups"
    return taken(path, ours) if ours == names else changed({path: ours}, "called so here")


def _frozen(tree: Tree) -> list[str]:
    keys = {group: f"train.freeze_{group}" for group in dict.fromkeys(GROUP_NAMES.values())}
    return [group for group, key in keys.items() if tree.get(key) is True]


def _group(leaf: Leaf, tree: Tree) -> Outcome:
    if leaf.value is True:
        why = "frozen groups are one list here"
        if leaf.path.endswith("other"):
            why += "; `harness plan` refuses `other` where the model has no other weights"
        return changed({f"{_FREEZE}.groups": _frozen(tree)}, why)
    if leaf.value in (False, None):
        return nothing("this group is trained")
    raise refused(leaf, "a group is frozen or not", allowed="true, false")


def _except_layers(leaf: Leaf, tree: Tree) -> Outcome:
    names = leaf.value if isinstance(leaf.value, list) else [leaf.value]
    if leaf.value is None or not names:
        return nothing("no exceptions")
    if not (_frozen(tree) or tree.get("train.freeze")):
        return without("no group is frozen, so it has no effect")
    if all(isinstance(one, int) for one in names):
        return taken(f"{_FREEZE}.except_layers", names)
    if all(isinstance(one, str) for one in names):
        patterns = [one if "*" in one else f"*{one}*" for one in names]
        why = "names of weights are patterns here; layers can also be given by their number"
        return changed({f"{_FREEZE}.except_names": patterns}, why)
    raise refused(leaf, "layers are numbers or names, not both", allowed="[10, 11], [lm_head]")


def _warmup(leaf: Leaf, tree: Tree) -> Outcome:
    if not leaf.value:
        return nothing("no warm-up")
    value = number(leaf)
    return taken(f"{_T}.warmup_share" if value < 1 else f"{_T}.warmup_steps", value)


def _schedule(leaf: Leaf, tree: Tree) -> Outcome:
    warms = bool(tree.get("train.warmup") or tree.get("train.warmup_steps"))
    if leaf.value in ("linear", "cosine", "constant_with_warmup"):
        return taken(f"{_T}.schedule", leaf.value)
    if leaf.value in ("constant", "none", None):
        ours = "constant_with_warmup" if warms else "constant"
        return changed({f"{_T}.schedule": ours}, "so called here")
    raise refused(
        leaf,
        "there is no such schedule",
        allowed="linear, cosine, constant, constant_with_warmup",
    )


def _beta(position: int) -> Rule:
    def rule(leaf: Leaf, tree: Tree) -> Outcome:
        betas = [0.9, 0.999]
        for index in (0, 1):
            if tree.get(f"train.beta{index + 1}") is not None:
                betas[index] = tree[f"train.beta{index + 1}"]
        betas[position] = number(leaf)
        return changed({f"{_T}.betas": betas}, "both betas are one pair here")

    return rule


def _optimizer(leaf: Leaf, tree: Tree) -> Outcome:
    kind = str(leaf.value).lower()
    if kind.startswith("adamw"):
        return nothing("AdamW")
    if kind == "adam":
        return changed({}, "AdamW is the optimizer here; the same without weight decay")
    raise refused(
        leaf,
        "this optimizer is not here, and its learning rate would mean something else",
        allowed="adamw, adam",
    )


def _metric(value: Any) -> str | None:
    name = str(value).lower()
    for prefix in ("validation_", "valid_", "val_", "eval_"):
        name = name.removeprefix(prefix)
    return _SCORES.get(name)


def _best_metric(leaf: Leaf, tree: Tree) -> Outcome:
    if leaf.value is None:
        return nothing("the last state is kept")
    path, ours = f"{_T}.best.metric", _metric(leaf.value)
    if ours is None:
        why = "no such metric of validation here, so the best state is chosen by the loss"
        return changed({path: "validation_loss"}, why)
    if ours == leaf.value:
        return taken(path, ours)
    return changed({path: ours}, "so called here; measured on the validation items")


def _best_mode(leaf: Leaf, tree: Tree) -> Outcome:
    if not tree.get("train.checkpoint_metric"):
        return without("it is about the best state, but no metric says which one that is")
    metric = tree["train.checkpoint_metric"]
    if _metric(metric) is None:
        return without("it is about a metric that is not here; of the loss, less is better")
    return to(f"{_T}.best.mode")(leaf, tree)


def _clip(leaf: Leaf, tree: Tree) -> Outcome:
    if not leaf.value:
        return without("gradients are always clipped; a large training.max_grad_norm has no effect")
    return taken(f"{_T}.max_grad_norm", number(leaf))


def _max_steps(leaf: Leaf, tree: Tree) -> Outcome:
    if leaf.value in (None, -1):
        return nothing("epochs say how long to train")
    return taken(f"{_T}.max_steps", number(leaf))


def _sanity(leaf: Leaf, tree: Tree) -> Outcome:
    if leaf.value in (None, 0):
        return nothing("off")
    if leaf.value == -1:
        return without("give the number of batches to try: training.sanity_validation")
    return taken(f"{_T}.sanity_validation", number(leaf))


def _overfit(leaf: Leaf, tree: Tree) -> Outcome:
    if not leaf.value:
        return nothing("off")
    if number(leaf) < 1:
        return without("give a number of batches instead of a share: training.overfit_batches")
    return taken(f"{_T}.overfit_batches", number(leaf))


def _interval(leaf: Leaf, tree: Tree) -> Outcome:
    path, value = f"{_T}.evaluate_every", leaf.value
    if value is None or (isinstance(value, float) and value == 1.0):
        return nothing("evaluated after each epoch")
    if isinstance(value, float):
        return without(f"give optimizer steps instead of a share of an epoch: {path}")
    every = number(leaf)
    batches = tree.get("train.accumulate_grad_batches")
    if isinstance(batches, int) and batches > 1:
        why = f"in optimizer steps here, of {batches} batches each"
        return changed({path: max(1, round(every / batches))}, why)
    return taken(path, every)


def _seed(leaf: Leaf, tree: Tree) -> Outcome:
    if leaf.value is None:
        return nothing("null there, left out here")
    first = int(number(leaf))
    why = "three trainings tell the recipe's effect from one seed's luck"
    return changed({"seeds": [first, first + 1, first + 2]}, why)


TRAINING: Table = {
    "model": to("base.model.name"),
    "tokenizer": only("the tokenizer is the one that comes with the model"),
    "prompt": prompt,
    "data": data_file("train"),
    "test_data": data_file("test"),
    "val_data": data_file("validation"),
    "split": split("train"),
    "val_split": split("validation"),
    "test_split": split("test"),
    "question_field": field("question"),
    "answer_field": field("answers"),
    "freeze": _group_list,
    **{f"freeze_{group}": _group for group in dict.fromkeys(GROUP_NAMES.values())},
    "layers_not_to_freeze": _except_layers,
    "max_length": numeric("base.prompt.max_tokens"),
    "max_target_length": numeric("base.prompt.max_target_tokens"),
    "truncation": same(True, why="always", otherwise="too long inputs are always shortened"),
    "warmup": _warmup,
    "warmup_steps": numeric(f"{_T}.warmup_steps"),
    "schedule": _schedule,
    "learning_rate": numeric(f"{_T}.learning_rate"),
    "betas": to(f"{_T}.betas"),
    "beta1": _beta(0),
    "beta2": _beta(1),
    "eps": only("AdamW's epsilon is 1e-8 here"),
    "weight_decay": numeric(f"{_T}.weight_decay"),
    "optimizer": _optimizer,
    "checkpoint_dir": only(
        "checkpoints lie beside the MLflow store and what is kept in its runs:"
        " --tracking-uri, --output"
    ),
    "checkpoint_every": numeric("resources.checkpoint_every"),
    "checkpoint_metric": _best_metric,
    "checkpoint_mode": _best_mode,
    "patience": numeric(f"{_T}.best.patience"),
    "save_top_k": only("the best state is kept, or the last one"),
    "resume_path": same(
        False,
        "",
        why="nothing to go on from",
        otherwise="repeat the same command: runs that are done are kept, and an interrupted one"
        " goes on from its own checkpoint",
    ),
    "batch_size": numeric(f"{_T}.batch_size"),
    "eval_batch_size": numeric("base.generation.batch_size"),
    "accumulate_grad_batches": numeric(f"{_T}.gradient_accumulation"),
    "gradient_clip_val": _clip,
    "gradient_checkpointing": to(f"{_T}.gradient_checkpointing"),
    "log_every_n_steps": numeric(f"{_T}.log_every"),
    "max_epochs": numeric(f"{_T}.epochs"),
    "max_steps": _max_steps,
    "num_sanity_val_steps": _sanity,
    "overfit_batches": _overfit,
    "val_check_interval": _interval,
    "check_val_every_n_epoch": same(
        1, why="after each epoch", otherwise="give optimizer steps: training.evaluate_every"
    ),
    "seed": _seed,
    "name": as_here("the experiment is named after its file"),
    **CIRCUMSTANCES,
}
"""Rules by knob."""
