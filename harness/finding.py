"""What an arm is made of, found by what a person can type: a run, a folder, a model's name.

Finds settings, folders and identities; the base is loaded elsewhere, in `harness.trained`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from harness.arm_settings import ArmSettings, read_settings
from harness.errors import ModelError
from harness.experiment.data import Prompt
from harness.experiment.model import Model
from harness.experiment.plan import RunSpec
from harness.experiment.recipe import Generation
from harness.experiment.section import EMBEDDED_PREFIX
from harness.models.saving import UNTRAINED_FILE
from harness.models.sources import ModelSource, find_model
from harness.reporting import plan_of_stored
from harness.tracking import open_store
from harness.tracking.trained import TrainedRun, find_trained, model_folder

__all__ = ["MODEL_FILES", "FoundArm", "find_arm", "holds_model", "identity_of", "spec_of"]

MODEL_FILES = ("config.json", "adapter_config.json")
"""A folder with one of these holds a model or an adapter."""


class FoundArm(NamedTuple):
    """What an arm is made of, before anything of it is loaded.

    Attributes
    ----------
    name : str
        The run, such as `question / full / seed 0`, or the folder.
    settings : ArmSettings
        What it is asked with.
    model : Model
        What is to be loaded, and at which precision: the base, or the trained model itself.
    source : ModelSource
        Where that was found.
    adapter : Path or None
        The folder of the adapter that goes on it; None where it answers as it is.
    """

    name: str
    settings: ArmSettings
    model: Model
    source: ModelSource
    adapter: Path | None


@contextmanager
def find_arm(
    run: str | Path | Model,
    *,
    tracking_uri: str | None = None,
    base_model: str | Model | None = None,
) -> Iterator[FoundArm]:
    """What `load_arm` loads, of which nothing is loaded yet.

    What a run has trained lies in a temporary folder until the context ends.

    Parameters
    ----------
    run, tracking_uri, base_model
        As for `load_arm`.

    Raises
    ------
    TrackingError
        There is no such run, it did not finish, or its model is gone.
    ModelError
        The base is not there, or is not the one that the arm was trained on.
    """
    if isinstance(run, Model):
        yield _from_model(run)
    elif Path(run).expanduser().is_dir() and holds_model(Path(run).expanduser()):
        yield _from_folder(Path(run).expanduser(), base_model)
    elif isinstance(run, Path):
        raise ModelError(
            "this is not a folder with a model", where=str(run), allowed=" or ".join(MODEL_FILES)
        )
    elif run.startswith(EMBEDDED_PREFIX):
        yield _from_model(Model(name=run))
    else:
        with _from_run(run, tracking_uri, base_model) as found:
            yield found


def spec_of(run: TrainedRun) -> RunSpec:
    """What a run was configured as, a search's best settings included.

    Raises
    ------
    TrackingError
        Another version made it, and this one does not understand its experiment.
    """
    plan = plan_of_stored(run.ablation)
    return next(r for r in plan.runs if (r.arm.name, r.seed) == (run.arm, run.seed))


@contextmanager
def _from_run(
    name: str, tracking_uri: str | None, base_model: str | Model | None
) -> Iterator[FoundArm]:
    store = open_store(tracking_uri, must_exist=True)
    run = find_trained(store, name)
    spec = spec_of(run)
    with model_folder(store, run) as folder:
        config = spec.arm.config
        settings = ArmSettings(
            model=_chosen(config.model, base_model),
            prompt=config.prompt,
            generation=config.generation,
            seed=spec.seed,
            fields=config.data.fields,
        )
        label = f"{run.ablation.name} / {run.name}"
        yield _in_folder(label, settings, folder, identity_of(run))


def _from_folder(folder: Path, base_model: str | Model | None) -> FoundArm:
    from harness.models.restoring import base_of_adapter, is_adapter

    settings = read_settings(folder)
    if settings is None:
        name = base_of_adapter(folder) if is_adapter(folder) and not base_model else str(folder)
        settings = _default(Model(name=name))
    if base_model is not None:
        changed = _chosen(settings.model, base_model)
        settings = settings.model_copy(update={"model": changed})
    return _in_folder(str(folder), settings, folder, None)


def _from_model(model: Model) -> FoundArm:
    return FoundArm(model.name, _default(model), model, find_model(model), None)


def _in_folder(name: str, settings: ArmSettings, folder: Path, identity: str | None) -> FoundArm:
    from harness.models.restoring import is_adapter

    adapter = is_adapter(folder) and not (folder / UNTRAINED_FILE).is_file()
    if adapter or (folder / UNTRAINED_FILE).is_file():
        model, source = _found(settings.model, name, identity)
    else:
        place = {"name": str(folder), "revision": None, "gguf_file": None}
        model = settings.model.model_copy(update=place)
        source = find_model(model)
    return FoundArm(name, settings, model, source, folder if adapter else None)


def _found(model: Model, name: str, identity: str | None) -> tuple[Model, ModelSource]:
    """The base, which has to be the one that the arm was trained on if that is known."""
    if identity is not None and identity.startswith(f"{model.name}@"):  # maybe not the newest
        commit = identity.removeprefix(f"{model.name}@").split("/")[0]
        model = model.model_copy(update={"revision": commit})
    fix = "give it with --base-model PATH (in Python: base_model=)"
    try:
        source = find_model(model)
    except ModelError as error:
        raise ModelError(
            f"the base model of this arm is not there: {error.what}",
            where=f"{name}: base.model.name",
            got=model.name,
            allowed=error.allowed,
            fix=error.fix or fix,
        ) from None
    same_kind = identity is not None and ("@" in identity) == ("@" in source.identity)
    if same_kind and source.identity != identity:
        raise ModelError(
            "the base model is not the one that this arm was trained on",
            where=f"{name}: {model.name}",
            got=f"content {source.identity[:16]}",
            allowed=f"content {str(identity)[:16]}",
            fix=fix,
        )
    return model, source


def _chosen(model: Model, base_model: str | Model | None) -> Model:
    if base_model is None or isinstance(base_model, Model):
        return base_model or model
    return model.model_copy(update={"name": base_model, "revision": None, "gguf_file": None})


def identity_of(run: TrainedRun) -> str | None:
    """The content of the base that an arm was trained on, as its ablation declared it."""
    history = run.ablation.history
    declared = history[-1].what.get("base model") if history else None
    known = declared.get(run.arm) if isinstance(declared, Mapping) else declared
    return None if known is None else str(known)


def _default(model: Model) -> ArmSettings:
    return ArmSettings(model=model, prompt=Prompt(template="{question}"), generation=Generation())


def holds_model(folder: Path) -> bool:
    """Whether a folder looks like that of a model or an adapter."""
    return any((folder / name).is_file() for name in MODEL_FILES)
