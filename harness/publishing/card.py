"""The model card of a trained arm: front matter that the Hub reads, and a page for people.

Made of what the run and its ablation say; nothing is asked of the Hub.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from harness import __version__
from harness.arm_settings import ArmSettings
from harness.experiment.plan import flattened
from harness.metrics import METRICS
from reports.arms import ArmMean

__all__ = ["CardFacts", "markdown", "model_card"]

_HUB_METRICS = {"em": "exact_match", "rouge1": "rouge", "rouge2": "rouge", "rougeL": "rouge"}
"""The Hub's names of metrics, where they are not ours."""


@dataclass(frozen=True)
class CardFacts:
    """What a card tells.

    Attributes
    ----------
    repo_id : str
    revision : str or None
        The branch that it goes to, unless it is the main one.
    adapter, encoder_decoder : bool
        What is uploaded, and of which kind.
    run_id, fingerprint, arm, seed : str, str, str, int
        The run.
    experiment, question : str
        What it is part of.
    settings : ArmSettings
        What it is asked with, without local paths.
    training : mapping
        The section `training`.
    base : str or None
        The base's name on the Hub; None where nobody knows it.
    base_label, data_label : str
        Both for people.
    datasets : tuple of str
        Names of data sets on the Hub.
    licenses : mapping of str to str
        For `model`, `base` and `data`, where known.
    own : mapping of str to float
        The run's own scores by metric.
    means : mapping of str to tuple of ArmMean
        By metric, every arm's mean.
    level : float
        Of the intervals.
    n_items : int
    cluster_names : tuple of str
        What the test items are nested in.
    verdicts, warnings : tuple of str
        Sentences of the report.
    """

    repo_id: str
    revision: str | None
    adapter: bool
    encoder_decoder: bool
    run_id: str
    fingerprint: str
    arm: str
    seed: int
    experiment: str
    question: str
    settings: ArmSettings
    training: Mapping[str, Any]
    base: str | None
    base_label: str
    data_label: str
    datasets: tuple[str, ...]
    licenses: Mapping[str, str]
    own: Mapping[str, float]
    means: Mapping[str, tuple[ArmMean, ...]]
    level: float
    n_items: int
    cluster_names: tuple[str, ...]
    verdicts: tuple[str, ...]
    warnings: tuple[str, ...]


def model_card(facts: CardFacts) -> str:
    """The content of `README.md`."""
    environment = Environment(  # Markdown, not HTML: what comes from people is escaped by hand
        loader=PackageLoader("harness.publishing"),
        autoescape=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["table"] = _table
    nesting = f", which are nested in {' and '.join(facts.cluster_names)}," * bool(
        facts.cluster_names
    )
    branch = [f"revision={json.dumps(facts.revision)}"] if facts.revision else []
    place = ", ".join([json.dumps(facts.repo_id), *branch])
    return environment.get_template("model_card.md.j2").render(
        front_matter=_front_matter(facts),
        repo_id=facts.repo_id,
        kind=_kind(facts),
        arm=markdown(facts.arm),
        seed=facts.seed,
        experiment=markdown(facts.experiment),
        question=markdown(facts.question),
        sources=_sources(facts),
        notes=_notes(facts),
        n_items=f"{facts.n_items:,}",
        nesting=markdown(nesting),
        level=f"{100 * facts.level:g}%",
        own=", ".join(f"{_label(name)} {value:.1f}" for name, value in _own(facts)),
        scores=_scores(facts),
        score_heading=["arm", *map(_label, facts.means), "seeds"],
        verdicts=[markdown(one) for one in facts.verdicts],
        recipe=_recipe(facts),
        place=place,
        has_context="context" in facts.settings.prompt.names,
        library="peft and transformers" if facts.adapter else "transformers",
        usage=_usage(facts, place),
        limits=_limits(facts),
        version=__version__,
        run_id=facts.run_id,
        fingerprint=facts.fingerprint,
    )


def markdown(text: str) -> str:
    """Text in which nothing starts markup, a cell or a line."""
    flat = " ".join(text.split()).replace("\\", "\\\\")
    for mark in "|*_`[]<>#~":
        flat = flat.replace(mark, f"\\{mark}")
    return flat


def _front_matter(facts: CardFacts) -> str:
    from huggingface_hub import EvalResult, ModelCardData

    task = "text2text-generation" if facts.encoder_decoder else "text-generation"
    results = [
        EvalResult(
            task_type="question-answering",
            dataset_type=facts.datasets[0] if facts.datasets else "other",
            dataset_name=facts.data_label,
            dataset_split="test",
            metric_type=_HUB_METRICS.get(name, name),
            metric_name=_label(name),
            metric_value=round(value, 4),
        )
        for name, value in _own(facts)
    ]
    data = ModelCardData(
        base_model=facts.base,
        datasets=list(facts.datasets) or None,
        library_name="peft" if facts.adapter else "transformers",
        license=facts.licenses.get("model"),
        metrics=list(dict.fromkeys(_HUB_METRICS.get(name, name) for name, _ in _own(facts))),
        model_name=facts.repo_id.split("/")[-1],
        eval_results=results or None,
        pipeline_tag=task,
        tags=["question-answering", "ablation", *(["lora"] * _is_lora(facts))],
    )
    return str(data.to_yaml())


def _is_lora(facts: CardFacts) -> bool:
    adapter = facts.settings.model.adapter
    return facts.adapter and adapter is not None and adapter.kind == "lora"


def _kind(facts: CardFacts) -> str:
    family = "encoder-decoder" if facts.encoder_decoder else "decoder-only model"
    adapter = facts.settings.model.adapter
    if facts.adapter and adapter is not None:
        return f"An adapter ({markdown(adapter.kind)}) on {family_of(family)}"
    return f"{family_of(family).capitalize()}, trained itself,"


def family_of(family: str) -> str:
    """With its article."""
    return f"an {family}" if family[0] in "aeiou" else f"a {family}"


def _sources(facts: CardFacts) -> list[list[str]]:
    known = facts.licenses
    return [
        ["base model", markdown(facts.base_label), markdown(known.get("base", "not known"))],
        ["data", markdown(facts.data_label), markdown(known.get("data", "not known"))],
    ]


def _notes(facts: CardFacts) -> list[str]:
    notes = []
    if facts.base is None:
        notes.append(
            "The base was a local copy whose name on the Hub was not given, so that"
            + (" the adapter's configuration names none." if facts.adapter else " none is named.")
        )
    if "model" not in facts.licenses:
        notes.append("No licence was chosen for what is in this repository.")
    return notes


def _own(facts: CardFacts) -> list[tuple[str, float]]:
    return [
        (name, facts.own[name]) for name in METRICS if math.isfinite(facts.own.get(name, math.nan))
    ]


def _label(metric: str) -> str:
    return METRICS[metric].label if metric in METRICS else metric


def _scores(facts: CardFacts) -> list[list[str]]:
    by_arm: dict[str, list[ArmMean]] = {}
    for means in facts.means.values():
        for one in means:
            by_arm.setdefault(one.arm, []).append(one)
    return [
        [
            f"**{markdown(arm)}**" if arm == facts.arm else markdown(arm),
            *map(_cell, rows),
            str(rows[0].n_seeds),
        ]
        for arm, rows in by_arm.items()
    ]


def _cell(one: ArmMean) -> str:
    if math.isnan(one.mean):
        return "–"
    if math.isnan(one.ci_low):
        return f"{one.mean:.1f} (no interval)"
    return f"{one.mean:.1f} ({one.ci_low:.1f} to {one.ci_high:.1f})"


def _recipe(facts: CardFacts) -> list[list[str]]:
    settings = facts.settings
    sections: dict[str, Mapping[str, Any]] = {
        "model": settings.model.model_dump(mode="json", exclude_none=True, exclude={"name"}),
        "prompt": settings.prompt.model_dump(mode="json", exclude_none=True),
        "training": {key: value for key, value in facts.training.items() if value is not None},
        "generation": settings.generation.model_dump(mode="json", exclude_none=True),
    }
    rows = [["seed", str(facts.seed)]]
    return rows + [[markdown(path), _code(value)] for path, value in flattened(sections)]


def _code(value: object) -> str:
    """A value in code, where line ends are written as such."""
    text = value if isinstance(value, str) else repr(value)
    text = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("|", "\\|")
    ticks = "``" if "`" in text else "`"
    return f"{ticks} {text} {ticks}" if "`" in text or text != text.strip() else f"`{text}`"


def _usage(facts: CardFacts, place: str) -> str:
    auto = "AutoModelForSeq2SeqLM" if facts.encoder_decoder else "AutoModelForCausalLM"
    lines = [f"from transformers import {auto}, AutoTokenizer", ""]
    if facts.adapter:
        lines.insert(0, "from peft import PeftModel")
        lines.append(
            f"base = {auto}.from_pretrained({json.dumps(facts.base or '/path/to/the/base')})"
        )
        lines.append(f"model = PeftModel.from_pretrained(base, {place})")
    else:
        lines.append(f"model = {auto}.from_pretrained({place})")
    return "\n".join([*lines, f"tokenizer = AutoTokenizer.from_pretrained({place})"])


def _limits(facts: CardFacts) -> list[str]:
    limits = [
        "The scores are of this one test set; for other questions, languages or lengths they say"
        " nothing.",
        "Answers are generated text and can be wrong without any sign of it.",
        f"Inputs were cut to {facts.settings.prompt.max_tokens:,} tokens, and answers end after"
        f" {facts.settings.generation.max_new_tokens:,} new ones.",
    ]
    if facts.settings.model.precision != "full":
        limits.append(
            f"It was trained and tested on weights held in {facts.settings.model.precision};"
            " on a base that is held otherwise it answers somewhat differently."
        )
    return limits + [markdown(warning) for warning in facts.warnings]


def _table(rows: Iterable[Sequence[str]], heading: Sequence[str]) -> str:
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
