"""Identity of a run: a hash of everything that can change its result, and nothing else.

In it: the arm's configuration, the seed, the content of the data and of the base
model, the code that trains and generates, the versions of the libraries that do
the arithmetic. Not in it: paths, names, threads, the machine. Scoring is left
out too: predictions are stored, so scores are remade from them; only where a score chooses
the weights that are kept is it part of the identity.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from harness.experiment.base import CIRCUMSTANCES
from harness.experiment.plan import Arm, RunSpec
from harness.experiment.search import Search

__all__ = ["fingerprint", "plan_hash", "sha256_of", "study_hash"]

_CODE = ("data", "models", "training", "generation", "steps.py", "run.py")
_CIRCUMSTANCES = frozenset({"resources", "wandb"})
_SCORING = ("metrics",)
_TRIAL = ("search/trial.py",)
_SCORERS = ("sacrebleu", "rouge_score")
_LIBRARIES = ("torch", "transformers", "peft", "bitsandbytes", "accelerate", "tokenizers")


def fingerprint(spec: RunSpec, *, data: Mapping[str, str], model: str) -> str:
    """sha256 of a run's identity, as 64 hexadecimal digits.

    Parameters
    ----------
    spec : RunSpec
        The run.
    data : mapping
        Content hash of each split, from `harness.data.content_hash`.
    model : str
        Identity of the base model, from `harness.models.sources.find_model`.
    """
    config = spec.arm.config.model_dump(mode="json", exclude={"data": True, **CIRCUMSTANCES})
    for where in ("name", "revision", "gguf_file"):
        del config["model"][where]
    without = config["prompt"]["without"]
    config["prompt"]["without"] = list(without.items())  # their order counts
    # scoring does not change what is generated, unless a score chose the weights
    best = spec.arm.config.training.best
    chooses = best is not None and best.metric != "validation_loss"
    return sha256_of(
        {
            "config": config,
            "seed": spec.seed,
            "twice": spec.twice,
            "data": dict(data),
            "model": model,
            "code": _code_hash(_CODE + (_SCORING if chooses else ())),
            "libraries": _library_versions(_LIBRARIES + (_SCORERS if chooses else ())),
        }
    )


def study_hash(
    arm: Arm, search: Search, metric: str, *, data: Mapping[str, str], model: str
) -> str:
    """sha256 of what makes two searches of an arm one study: all but the size of its budget.

    Parameters
    ----------
    arm : Arm
    search : Search
        From `Search.for_arm`.
    metric : str
        What is optimized.
    data : mapping
        Content hash of the training and validation items; the test items have no part in it.
    model : str
        Identity of the base model.
    """
    left_out = {"trials", "seconds", "arms", "metric", "direction"}
    how = search.model_dump(mode="json", exclude=left_out)
    return sha256_of(
        {
            "arm": fingerprint(RunSpec(arm, 0), data=data, model=model),
            "search": how | {"space": list(how["space"].items())},  # its order counts
            "metric": metric,
            "direction": search.direction_for(metric),
            "scoring": _code_hash(_SCORING + _TRIAL),
            "scorers": _library_versions(_SCORERS),
        }
    )


def plan_hash(experiment: Mapping[str, Any], fingerprints: Mapping[str, str]) -> str:
    """sha256 of what was planned: question, hypotheses, seeds and the runs' fingerprints.

    Circumstances have no part in it: the same plan elsewhere is the same plan.
    """
    planned = {name: value for name, value in experiment.items() if name not in _CIRCUMSTANCES}
    planned["base"] = {
        section: {k: v for k, v in settings.items() if k not in CIRCUMSTANCES.get(section, ())}
        for section, settings in experiment["base"].items()
    }
    return sha256_of({"experiment": planned, "runs": dict(fingerprints)})


def sha256_of(value: Mapping[str, Any]) -> str:
    """sha256 of a JSON value, as 64 hexadecimal digits; the order of keys does not count."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@functools.cache
def _code_hash(names: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    root = Path(str(files("harness")))
    for name in names:
        place = root / name
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            digest.update(path.relative_to(root).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


@functools.cache
def _library_versions(names: tuple[str, ...]) -> dict[str, str]:
    # "+cpu" and "+cu130" name the machine, not the arithmetic
    return {name: version(name).split("+", 1)[0] for name in names}
