"""Knobs that a trainer's file and a test's have in common: data, prompt, machine, logging.

Part of the importer `sft`.
"""

from __future__ import annotations

from string import Formatter
from typing import Literal

from harness.importing.account import (
    Outcome,
    Rule,
    Table,
    Tree,
    changed,
    nothing,
    number,
    only,
    refused,
    taken,
    to,
    without,
)
from harness.importing.reading import Leaf

__all__ = ["CIRCUMSTANCES", "data_file", "field", "prompt", "split"]

Role = Literal["train", "test", "validation"]


def data_file(role: Role) -> Rule:
    """A rule: the file of the items with this role; the command line's comes first."""

    def rule(leaf: Leaf, tree: Tree) -> Outcome:
        path = f"base.data.{role}.file"
        if leaf.value is None:
            return nothing("null there, left out here")
        if f"--{role}" in tree:
            return changed({path: tree[f"--{role}"]}, "the command line names another file")
        return taken(path, leaf.value)

    return rule


def split(role: Role) -> Rule:
    """A rule: the key of the JSON file that holds the items with this role, or their share."""

    def rule(leaf: Leaf, tree: Tree) -> Outcome:
        if leaf.value is None:
            return nothing("null there, left out here")
        if isinstance(leaf.value, (int, float)):
            if role != "validation":
                raise refused(leaf, "these items cannot be a share", allowed="a key of the file")
            return taken("base.data.validation.share", number(leaf))
        own = ("test.data", "train.test_data") if role == "test" else ()
        places = (f"--{role}", *own, "--train", "train.data")
        file = str(next((tree[key] for key in places if tree.get(key)), "data.json"))
        if not file.endswith(".json"):
            return without(f"{file} has no parts with names; give the items a file of their own")
        sets = {f"base.data.{role}.split": leaf.value}
        if role == "validation":
            sets["base.data.validation.file"] = file
        return Outcome("taken", sets)

    return rule


def field(ours: str) -> Rule:
    """A rule: the name of the question or answer in the file."""

    def rule(leaf: Leaf, tree: Tree) -> Outcome:
        if leaf.value == ours:
            return nothing("so called here too")
        return taken(f"base.data.fields.{ours}", leaf.value)

    return rule


def prompt(leaf: Leaf, tree: Tree) -> Outcome:
    """The template, with the fields' names here and line ends where they are spelled out."""
    path, given = "base.prompt.template", leaf.value
    if given is None:
        return nothing("null there, left out here")
    if not isinstance(given, str):
        raise refused(leaf, "a template is text", allowed="'Question: {question}\\nAnswer:'")
    try:
        parts = list(Formatter().parse(given.replace("\\n", "\n")))
    except ValueError as error:
        raise refused(leaf, f"this is not a template: {error}") from None
    questions = {"", "question", str(tree.get("train.question_field") or "question").lower()}
    text = ""
    for words, name, spec, conversion in parts:
        text += words.replace("{", "{{").replace("}", "}}")
        if name is not None:
            ours = "question" if name.lower() in questions else name
            extra = (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "")
            text += "{" + ours + extra + "}"
    if all(name is None for _, name, _, _ in parts):
        fix = "write where the question goes: 'Question: {question}\\nAnswer:'"
        raise refused(leaf, "the prompt names no field", fix=fix)
    if text == given:
        return taken(path, given)
    return changed({path: text}, "fields have their names here, and \\n is a line end")


def _precision(leaf: Leaf, tree: Tree) -> Outcome:
    kind = str(leaf.value).lower().removesuffix("-true").removesuffix("-mixed")
    if leaf.value is None or kind in ("32", "fp32", "full"):
        return nothing("full precision")
    if kind == "bf16":
        return changed({"base.training.bf16": True}, "computed in bf16, with weights in fp32")
    if kind in ("16", "fp16"):
        why = "bf16 here, which needs no scaling of the loss; weights stay in fp32"
        return changed({"base.training.bf16": True}, why)
    raise refused(leaf, "this precision is not here", allowed="32, bf16, 16")


def _accelerator(leaf: Leaf, tree: Tree) -> Outcome:
    path = "resources.accelerator"
    if leaf.value in ("auto", "cpu", "cuda", "tpu"):
        return taken(path, leaf.value)
    if leaf.value == "gpu":
        return changed({path: "cuda"}, "it is called cuda here")
    if leaf.value is None:
        return nothing("whatever is there")
    raise refused(leaf, "there is no such accelerator", allowed="auto, cpu, gpu, tpu")


def _wandb_mode(leaf: Leaf, tree: Tree) -> Outcome:
    if isinstance(leaf.value, bool):
        mode = "offline" if leaf.value else "online"
        return changed({"wandb.mode": mode}, f"called mode: {mode} here")
    return to("wandb.mode")(leaf, tree)


_SHOWN = only("what is shown while it runs has no setting here")
CIRCUMSTANCES: Table = {
    "precision": _precision,
    "accelerator": _accelerator,
    "devices": only("start the command under torchrun to train on several devices"),
    "strategy": only("start the command under torchrun to train on several devices"),
    "num_workers": only("items are prepared before training, so nothing has to be loaded then"),
    "padding": only("batches are padded to their longest input"),
    "padding_side": only(
        "padded on the right in training and on the left for generation, as is correct for each"
        " family of models"
    ),
    "truncation_side": only("the end is cut; base.prompt.truncate names the field that loses it"),
    "enable_progress_bar": _SHOWN,
    **{
        f"wandb_{key}": to(f"wandb.{key}")
        for key in ("project", "group", "job_type", "name", "entity", "tags")
    },
    "wandb_mode": _wandb_mode,
}
"""Rules by knob, for both files."""
