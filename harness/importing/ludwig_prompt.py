"""Ludwig's features, prompt and preprocessing: which columns there are, and how they become text.

Part of the importer `ludwig`; trainer and model are looked at elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from string import Formatter
from typing import Any

from harness.errors import ExperimentError
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
)
from harness.importing.reading import Leaf

__all__ = ["PROMPT", "check_features", "prompted"]

_INPUT, _OUTPUT = "input_features.0", "output_features.0"
_SAMPLE, _TASK, _CONTEXT = "__sample__", "__task__", "__context__"


def check_features(leaves: Sequence[Leaf], tree: Tree) -> None:
    """Make sure of one text going in and one coming out, and of a prompt that needs no index.

    Raises
    ------
    ExperimentError
    """
    file = leaves[0].file
    for kind, key in (("input", "input_features"), ("output", "output_features")):
        by_path = {leaf.path: leaf for leaf in leaves if leaf.path.split(".")[0] == key}
        extra = next((leaf for leaf in leaves if leaf.path.startswith(f"{key}.1.")), None)
        if extra is not None:
            fix = "name the columns in prompt.template" if kind == "input" else "import them apart"
            raise refused(extra, f"an LLM has one {kind} feature", fix=fix)
        name = by_path.get(f"{key}.0.name")
        if name is None or not isinstance(name.value, str):
            where = name.where if name else f"{file}: {key}"
            raise ExperimentError(
                f"the {kind} feature has no name",
                where=where,
                allowed=f"{key}: [{{name: COLUMN, type: text}}]",
            )
        of_type = by_path.get(f"{key}.0.type")
        if of_type is not None and of_type.value != "text":
            raise refused(of_type, f"the {kind} is no text", allowed="text")
    _check_prompt({leaf.path: leaf for leaf in leaves}, tree)


def _check_prompt(by_path: Mapping[str, Leaf], tree: Tree) -> None:
    template, task = by_path.get("prompt.template"), by_path.get("prompt.task")
    if task is not None and task.value is not None and not tree.get("prompt.template"):
        raise refused(
            task,
            "a task without a template is put into words by Ludwig, which an experiment spells out",
            fix="write prompt.template with {__task__} and {__sample__} in it",
        )
    if template is None or template.value is None:
        return
    if not isinstance(template.value, str):
        raise refused(template, "a template is text")
    try:
        names = _names(template.value)
    except ValueError as error:
        raise refused(template, f"this is not a template: {error}") from None
    if _CONTEXT in names:
        raise _no_retrieval(template)
    if _TASK in names and not isinstance(tree.get("prompt.task"), str):
        raise refused(template, "the template uses {__task__}, but there is no prompt.task")
    if not set(names) - {_TASK}:
        fix = "name one in braces, or {__sample__}"
        raise refused(template, "the template names no column", fix=fix)


def _no_retrieval(leaf: Leaf) -> ExperimentError:
    return refused(
        leaf,
        "examples cannot be retrieved into the prompt here",
        allowed="null",
        fix="put the retrieved text into a column of the data, and name it in prompt.template",
    )


def prompted(tree: Tree) -> list[Entry]:
    """What the prompt needs beside the template."""
    entries = []
    template = _template(tree)
    if not tree.get("prompt.template"):
        why = "without a template, Ludwig gives the model the input feature as it is"
        entries.append(added("base.prompt.template", template, why))
    spaced = template.endswith((" ", "\n", "\t"))
    why = "Ludwig sets the answer right after the prompt" + (
        "" if spaced else "; the space begins its first word, as tokenizers of LLMs expect"
    )
    entries.append(added("base.prompt.target", "{answer}" if spaced else " {answer}", why))
    last = [name for name in _names(template) if name][-1]
    why = "an input that is too long loses the end of this field, not the words around it"
    return [*entries, added("base.prompt.truncate", last, why)]


def _template(tree: Tree) -> str:
    """The template here: our names of the columns, the task in place of its name."""
    given = tree.get("prompt.template")
    if not given:
        return "{question}"
    ours = {**_renamed(tree), _SAMPLE: "question"}
    parts = []
    for text, name, spec, conversion in Formatter().parse(given):
        parts.append(text.replace("{", "{{").replace("}", "}}"))
        if name == _TASK:
            parts.append(str(tree["prompt.task"]).replace("{", "{{").replace("}", "}}"))
        elif name is not None:
            extra = (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "")
            parts.append("{" + ours.get(name, name) + extra + "}")
    return "".join(parts)


def _names(template: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(template) if name is not None]


def _question(tree: Tree) -> str:
    """The column that is called `question` here."""
    feature = str(tree[f"{_INPUT}.name"])
    if not tree.get("prompt.template"):
        return feature
    columns = _names(tree["prompt.template"])
    if feature in columns or _SAMPLE in columns:
        return feature
    return next(name for name in columns if name != _TASK)


def _renamed(tree: Tree) -> dict[str, str]:
    """From a column to its name here, where that is another one."""
    names = _names(tree.get("prompt.template") or "")
    ours = {
        name: re.sub(r"\W", "_", name)
        for name in names
        if not name.isidentifier() and name.strip() and not {"[", "."} & set(name)
    }
    return {
        name: own for name, own in (ours | {_question(tree): "question"}).items() if name != own
    }


def _input_name(leaf: Leaf, tree: Tree) -> Outcome:
    column = _question(tree)
    fields = {f"base.data.fields.{own}": name for name, own in _renamed(tree).items()}
    if column != leaf.value:
        why = f"Ludwig puts the rendered prompt there; the column {column!r} is `question` here"
        return changed(fields, why)
    if fields:
        return changed(fields, f"the column {column!r} is `question` here, also in the template")
    return nothing("the column `question`")


def _output_name(leaf: Leaf, tree: Tree) -> Outcome:
    if leaf.value in ("answer", "answers"):
        return nothing("the column of answers")
    return changed({"base.data.fields.answers": leaf.value}, "the column of reference answers")


def _written(leaf: Leaf, tree: Tree) -> Outcome:
    if not leaf.value:
        return nothing("the input feature as it is")
    ours = _template(tree)
    path = "base.prompt.template"
    if ours == leaf.value:
        return taken(path, ours)
    return changed({path: ours}, "columns have their names here, and the task stands in its place")


def _task(leaf: Leaf, tree: Tree) -> Outcome:
    if leaf.value is None:
        return nothing("no task")
    if _TASK not in _names(tree["prompt.template"]):
        return nothing("the template does not use it")
    return changed({"base.prompt.template": _template(tree)}, "it stands in the template itself")


def _retrieval(leaf: Leaf, tree: Tree) -> Outcome:
    if leaf.value in (None, 0, {}):
        return nothing("nothing is retrieved")
    raise _no_retrieval(leaf)


def _global_length(leaf: Leaf, tree: Tree) -> Outcome:
    if leaf.value is None:
        return nothing("null there, left out here")
    if tree.get(f"{_INPUT}.preprocessing.max_sequence_length"):
        return changed({}, "it bounds prompt and answer together; their own limits hold here")
    why = "it bounds prompt and answer together there; each has a limit of its own here"
    return changed({"base.prompt.max_tokens": number(leaf)}, why)


def _sample_size(leaf: Leaf, tree: Tree) -> Outcome:
    if leaf.value is None:
        return nothing("all items")
    why = "Ludwig draws from the whole data set before it is split, here from the training items"
    return changed({"base.data.train.limit": number(leaf)}, why)


_WORDS: Any = only("a column is text as it stands here; clean it before")
_PLAIN = only("predictions are the generated text as it is; metrics clean it alike for all arms")

PROMPT: Table = {
    f"{_INPUT}.name": _input_name,
    f"{_INPUT}.type": as_here("text"),
    f"{_INPUT}.preprocessing.max_sequence_length": numeric("base.prompt.max_tokens"),
    f"{_INPUT}.preprocessing.*": _WORDS,
    f"{_OUTPUT}.name": _output_name,
    f"{_OUTPUT}.type": as_here("text"),
    f"{_OUTPUT}.preprocessing.max_sequence_length": numeric("base.prompt.max_target_tokens"),
    f"{_OUTPUT}.preprocessing.*": _WORDS,
    f"{_OUTPUT}.decoder.*": _PLAIN,
    "prompt.template": _written,
    "prompt.task": _task,
    "prompt.retrieval": _retrieval,
    "prompt.retrieval.*": _retrieval,
    "preprocessing.global_max_sequence_length": _global_length,
    "preprocessing.sample_size": _sample_size,
    "preprocessing.sample_ratio": same(
        1, why="all items", otherwise="give a number of items instead: data.train.limit"
    ),
}
"""Rules for features, prompt and the lengths of texts."""
