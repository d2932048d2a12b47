"""A Ludwig configuration of an LLM as an experiment: which of its keys is what here.

Reads the configuration only. Ludwig takes the data from its command line, so `places` do here.
Defaults are those of Ludwig 0.8 to 0.10.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.errors import ExperimentError
from harness.importing.account import (
    Entry,
    Outcome,
    Table,
    Tree,
    accounted,
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
from harness.importing.common import Places, placed, questioned
from harness.importing.ludwig_prompt import PROMPT, check_features, prompted
from harness.importing.ludwig_training import TRAINING, validated
from harness.importing.reading import Leaf

__all__ = ["from_ludwig"]

_MODEL = "base.model"
_ADAPTER = "base.model.adapter"
_OUR_ADAPTERS = "lora (with use_dora: dora), ia3"


def from_ludwig(leaves: Sequence[Leaf], name: str, places: Places) -> list[Entry]:
    """The account of a Ludwig configuration.

    Parameters
    ----------
    leaves : sequence of Leaf
    name : str
        Of the experiment.
    places : Places
        The data files.

    Raises
    ------
    ExperimentError
        It is not about an LLM, or something in it cannot be done here.
    """
    tree = {leaf.path: leaf.value for leaf in leaves}
    file = leaves[0].file
    _check_kind(leaves, tree)
    check_features(leaves, tree)
    entries = accounted(leaves, _TABLE, tree)
    entries += questioned(name, str(tree["base_model"]), "Ludwig")
    entries += placed(places, file)
    entries += prompted(tree)
    entries += _left_out(tree)
    return entries + validated(tree, places)


def _check_kind(leaves: Sequence[Leaf], tree: Tree) -> None:
    by_path = {leaf.path: leaf for leaf in leaves}
    kind = by_path.get("model_type")
    if kind is None or kind.value != "llm":
        fix = "only LLM configurations can be imported"
        if kind is None:  # Ludwig's default is ecd
            where = f"{leaves[0].file}: model_type"
            raise ExperimentError(
                "the key 'model_type' is missing", where=where, allowed="llm", fix=fix
            )
        raise refused(kind, "this configuration is not about an LLM", allowed="llm", fix=fix)
    base = by_path.get("base_model")
    if base is None or not isinstance(base.value, str) or not base.value:
        where = base.where if base else f"{leaves[0].file}: base_model"
        raise ExperimentError(
            "no base model is named",
            where=where,
            fix="base_model: a hub name such as meta-llama/Llama-2-7b-hf, or a local folder",
        )


def _bits(leaf: Leaf, tree: Tree) -> Outcome:
    if leaf.value == 8:
        return changed({f"{_MODEL}.precision": "int8"}, "8 bits are called int8 here (LLM.int8)")
    if leaf.value == 4:
        kind = tree.get("quantization.bnb_4bit_quant_type") or "nf4"
        return changed(
            {f"{_MODEL}.precision": kind}, f"4 bits are named by their kind, here {kind}"
        )
    if leaf.value is None:
        return nothing("weights are held in full precision when left out")
    raise refused(leaf, "weights cannot be held in so many bits", allowed="4, 8")


def _has_four_bits(tree: Tree) -> bool:
    return bool(tree.get("quantization.bits", 4) == 4)


def _quant_type(leaf: Leaf, tree: Tree) -> Outcome:
    if not _has_four_bits(tree):
        return without("it is about 4 bits, so it has no effect there either")
    if leaf.value not in ("nf4", "fp4", None):
        raise refused(leaf, "there is no such kind of 4-bit weights", allowed="nf4, fp4")
    return taken(f"{_MODEL}.precision", leaf.value or "nf4")


def _compute_dtype(leaf: Leaf, tree: Tree) -> Outcome:
    if not _has_four_bits(tree):
        return without("it is about 4 bits, so it has no effect there either")
    path = f"{_MODEL}.compute_dtype"
    ours = {"float32": "fp32", "bfloat16": "bf16"}.get(str(leaf.value))
    if ours:
        return changed({path: ours}, f"{leaf.value} is called {ours} here")
    return changed({path: "bf16"}, "there is no float16 here, whose gradients can overflow")


def _double(leaf: Leaf, tree: Tree) -> Outcome:
    if not _has_four_bits(tree):
        return without("it is about 4 bits, so it has no effect there either")
    return to(f"{_MODEL}.double_quantization")(leaf, tree)


def _adapter(leaf: Leaf, tree: Tree) -> Outcome:
    if leaf.value is None:
        return nothing("no adapter: the model's own weights are trained")
    return _adapter_type(leaf, tree)


def _adapter_type(leaf: Leaf, tree: Tree) -> Outcome:
    if leaf.value == "lora":
        kind = "dora" if tree.get("adapter.use_dora") else "lora"
        return taken(f"{_ADAPTER}.kind", kind)
    if leaf.value == "ia3":
        return taken(f"{_ADAPTER}.kind", "ia3")
    known = leaf.value in ("adalora", "adaption_prompt")
    what = "this adapter cannot be trained here" if known else "there is no such adapter"
    raise refused(leaf, what, allowed=_OUR_ADAPTERS, fix="set adapter: {type: lora}")


def _targets(leaf: Leaf, tree: Tree) -> Outcome:
    if leaf.value is None:
        return changed({f"{_ADAPTER}.targets": "family"}, "null means the family's usual modules")
    return taken(f"{_ADAPTER}.targets", leaf.value)


def _dora(leaf: Leaf, tree: Tree) -> Outcome:
    return taken(f"{_ADAPTER}.kind", "dora") if leaf.value else nothing("lora is not dora")


def _pretrained(leaf: Leaf, tree: Tree) -> Outcome:
    if leaf.value is None:
        return nothing("the adapter starts fresh")
    raise refused(
        leaf,
        "training cannot start from an adapter that was trained before",
        fix="merge it into its base, save that to a folder, and name the folder in base_model",
    )


def _samples(tree: Tree) -> bool:
    """Whether Ludwig draws tokens at random; it does unless told otherwise."""
    drawn = tree.get("generation.do_sample", _has_sampling(tree))
    cold = tree.get("generation.temperature") in (0, 0.0)
    beams = tree.get("generation.num_beams")
    return bool(drawn) and not cold and beams in (None, 1)


def _has_sampling(tree: Tree) -> bool:
    return any(tree.get(f"generation.{key}") for key in ("temperature", "top_k", "top_p"))


def _do_sample(leaf: Leaf, tree: Tree) -> Outcome:
    path = "base.generation.do_sample"
    if leaf.value and not _samples(tree):
        return changed({path: False}, "a beam search, or a temperature of 0, draws nothing here")
    return taken(path, bool(leaf.value))


def _sampling(key: str) -> Any:
    def rule(leaf: Leaf, tree: Tree) -> Outcome:
        if leaf.value is None:
            return nothing("null there, left out here")
        if not _samples(tree):
            return without("predictions are not drawn at random, so it has no effect")
        return taken(f"base.generation.{key}", number(leaf))

    return rule


def _no_repeat(leaf: Leaf, tree: Tree) -> Outcome:
    if not leaf.value:
        return nothing("off there, left out here")
    return taken("base.generation.no_repeat_ngram_size", number(leaf))


def _left_out(tree: Tree) -> list[Entry]:
    """Where a default of Ludwig matters and is another one here."""
    entries = []
    adapter = tree.get("adapter.type", tree.get("adapter"))
    if adapter == "lora":
        if "adapter.target_modules" not in tree:
            why = "Ludwig adapts the family's usual modules; all-linear would be the default here"
            entries.append(added(f"{_ADAPTER}.targets", "family", why))
        if "adapter.dropout" not in tree:
            entries.append(added(f"{_ADAPTER}.dropout", 0.05, "Ludwig's default; here it is 0"))
    quantized = any(path.startswith("quantization.") for path in tree)
    if quantized and "quantization.bits" not in tree:
        kind = tree.get("quantization.bnb_4bit_quant_type") or "nf4"
        entries.append(added(f"{_MODEL}.precision", kind, "Ludwig's default is 4 bits"))
    longest = tree.get("output_features.0.preprocessing.max_sequence_length")
    if isinstance(longest, int) and not tree.get("generation.max_new_tokens"):
        why = "Ludwig lets predictions become as long as the output feature's max_sequence_length"
        entries.append(added("base.generation.max_new_tokens", longest, why))
    if "generation.do_sample" not in tree:
        drawn = _samples(tree)
        why = (
            "Ludwig draws tokens by default, so these settings had an effect"
            if drawn
            else "Ludwig draws tokens at temperature 0.1 by default; taking the likeliest comes"
            " close, and adds no noise to a comparison"
        )
        entries.append(added("base.generation.do_sample", drawn, why))
    return entries


_HARDWARE = only(
    "where and on how many devices to compute is not part of the question:"
    " resources.accelerator, resources.threads, or start the command under torchrun"
)
_TABLE: Table = {
    "model_type": as_here("every model here is a language model"),
    "base_model": to(f"{_MODEL}.name"),
    "quantization": same(why="full precision", otherwise="write it as {bits: 4} or {bits: 8}"),
    "quantization.bits": _bits,
    "quantization.bnb_4bit_quant_type": _quant_type,
    "quantization.bnb_4bit_compute_dtype": _compute_dtype,
    "quantization.bnb_4bit_use_double_quant": _double,
    "quantization.*": only("this detail of LLM.int8 stays as bitsandbytes has it"),
    "adapter": _adapter,
    "adapter.type": _adapter_type,
    "adapter.r": numeric(f"{_ADAPTER}.r"),
    "adapter.alpha": numeric(f"{_ADAPTER}.alpha"),
    "adapter.dropout": numeric(f"{_ADAPTER}.dropout"),
    "adapter.target_modules": _targets,
    "adapter.feedforward_modules": to(f"{_ADAPTER}.feed_forward"),
    "adapter.use_rslora": to(f"{_ADAPTER}.rank_stabilized"),
    "adapter.use_dora": _dora,
    "adapter.bias_type": same(
        "none", why="biases are not trained", otherwise="biases stay as they are here"
    ),
    "adapter.pretrained_adapter_weights": _pretrained,
    "adapter.postprocessor.*": only(
        "nothing is merged while arms are compared; `harness push` can upload a merged model"
    ),
    **PROMPT,
    **TRAINING,
    "generation.max_new_tokens": numeric("base.generation.max_new_tokens"),
    "generation.num_beams": numeric("base.generation.num_beams"),
    "generation.do_sample": _do_sample,
    "generation.temperature": _sampling("temperature"),
    "generation.top_k": _sampling("top_k"),
    "generation.top_p": _sampling("top_p"),
    "generation.no_repeat_ngram_size": _no_repeat,
    "generation.repetition_penalty": same(
        1, why="1 is no penalty", otherwise="no penalty here; no_repeat_ngram_size comes nearest"
    ),
    "generation.length_penalty": same(
        1, why="1 is the default here too", otherwise="beams are not weighed by length here"
    ),
    "generation.use_cache": as_here("it changes the speed only, and is always on"),
    "generation.max_length": only("set generation.max_new_tokens, which is what counts here"),
    "generation.*": only("there is no such setting of decoding here"),
    "backend": _HARDWARE,
    "backend.*": _HARDWARE,
    "hyperopt.*": only(
        "`harness search` tunes each arm on validation items: write the section `search` as"
        " docs/guides/tuning.md shows"
    ),
    "model_parameters.*": only("the model is loaded as its own configuration says"),
    "ludwig_version": only("it is about Ludwig's own file format"),
}
