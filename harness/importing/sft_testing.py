"""The knobs of a test's file: which items, how predictions are decoded and scored.

Part of the importer `sft`. One experiment trains and tests, so lengths hold for both.
"""

from __future__ import annotations

from harness.importing.account import (
    Outcome,
    Rule,
    Table,
    Tree,
    changed,
    nothing,
    number,
    numeric,
    only,
    refused,
    taken,
    to,
    without,
)
from harness.importing.reading import Leaf
from harness.importing.sft_common import CIRCUMSTANCES, data_file, field, prompt, split

__all__ = ["TESTING"]

_G = "base.generation"
_METRICS = {"bleu": "bleu", "rouge": "rougeL", "rougel": "rougeL", "rouge1": "rouge1"}
_METRICS |= {"rouge2": "rouge2", "em": "em", "exact_match": "em", "f1": "f1"}


def _sampling(key: str) -> Rule:
    def rule(leaf: Leaf, tree: Tree) -> Outcome:
        if leaf.value is None:
            return nothing("null there, left out here")
        if not tree.get("test.do_sample"):
            return without("predictions are not drawn at random, so it has no effect there either")
        return taken(f"{_G}.{key}", number(leaf))

    return rule


def _no_repeat(leaf: Leaf, tree: Tree) -> Outcome:
    return taken(f"{_G}.no_repeat_ngram_size", number(leaf)) if leaf.value else nothing("off")


def _metrics(leaf: Leaf, tree: Tree) -> Outcome:
    names = [leaf.value] if isinstance(leaf.value, str) else leaf.value
    if not names:
        return nothing("all metrics are computed")
    known = isinstance(names, list) and all(str(name).lower() in _METRICS for name in names)
    if not known:
        raise refused(leaf, "there is no such metric", allowed=", ".join(_METRICS))
    ours = _METRICS[str(names[0]).lower()]
    return changed(_primary(ours), f"all metrics are computed; the hypothesis is about {ours}")


def _metric(name: str) -> Rule:
    def rule(leaf: Leaf, tree: Tree) -> Outcome:
        if not leaf.value:
            return nothing("computed all the same; nothing is concluded from it")
        chosen = next(one for one in ("bleu", "rouge") if tree.get(f"test.{one}"))
        ours = _METRICS[chosen]
        if chosen != name:
            return nothing("all metrics are computed")
        return changed(_primary(ours), f"all metrics are computed; the hypothesis is about {ours}")

    return rule


def _primary(metric: str) -> dict[str, object]:
    hypothesis = {"factor": "fine_tuning", "claim": "better"}
    return {"analysis": {"primary": metric, "hypotheses": [hypothesis]}}


TESTING: Table = {
    "model": only(
        "the arm that was just trained is tested in the same run; to use one later:"
        ' harness.load_arm("RUN"), `harness predict RUN`'
    ),
    "data": data_file("test"),
    "split": split("test"),
    "prompt": prompt,
    "question_field": field("question"),
    "answer_field": field("answers"),
    "max_length": numeric("base.prompt.max_tokens"),
    "do_sample": to(f"{_G}.do_sample"),
    "max_new_tokens": numeric(f"{_G}.max_new_tokens"),
    "num_beams": numeric(f"{_G}.num_beams"),
    "no_repeat_ngram_size": _no_repeat,
    "temperature": _sampling("temperature"),
    "top_k": _sampling("top_k"),
    "top_p": _sampling("top_p"),
    "batch_size": numeric(f"{_G}.batch_size"),
    "metrics": _metrics,
    "bleu": _metric("bleu"),
    "rouge": _metric("rouge"),
    "log_file": only(
        "each run keeps predictions.parquet with all answers and scores, and the report shows them"
    ),
    "save_every": numeric("resources.save_predictions_every"),
    "seed": only("predictions are drawn from the seed of their training"),
    **CIRCUMSTANCES,
}
"""Rules by knob."""
