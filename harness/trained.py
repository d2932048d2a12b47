"""A trained arm back in hand: asked as its run asked it.

Prompts, truncation, stop strings and decoding are those of the run, by the same code, so that its
stored predictions come out again. Trains nothing and writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.arm_settings import ArmSettings, read_settings
from harness.data import Item
from harness.data.messages import listed
from harness.data.prompts import check_template
from harness.errors import DataError, ModelError
from harness.experiment.data import Prompt
from harness.experiment.model import Model
from harness.experiment.plan import RunSpec
from harness.experiment.recipe import Generation
from harness.experiment.section import EMBEDDED_PREFIX
from harness.models.saving import UNTRAINED_FILE
from harness.models.sources import ModelSource, find_model
from harness.reporting import plan_of_stored
from harness.steps import encode_items
from harness.tracking import open_store
from harness.tracking.trained import TrainedRun, find_trained, model_folder

if TYPE_CHECKING:
    from harness.generation import Prediction
    from harness.models.base import BaseModel

__all__ = ["TrainedArm", "identity_of", "load_arm", "spec_of"]

_ITEM = "question"
_CONFIG = ("config.json", "adapter_config.json")


@dataclass(frozen=True)
class TrainedArm:
    """A model that answers questions.

    Attributes
    ----------
    name : str
        The run, such as `question / full / seed 0`, or the folder.
    base : BaseModel
        The loaded base with its tokenizer; with a whole model, that model.
    model : PreTrainedModel or PeftModel
        What answers: the base, or the adapter around it. `with model.disable_adapter():` asks
        the base alone.
    settings : ArmSettings
        What it is asked with.
    """

    name: str
    base: BaseModel
    model: Any
    settings: ArmSettings

    def answer(self, question: str, context: str | None = None, **fields: str) -> str:
        """The answer to one question.

        Parameters
        ----------
        question : str
        context : str, optional
            What the question is about, where the prompt has a place for it.
        **fields : str
            Other fields that the prompt names.

        Raises
        ------
        DataError
            The prompt names a field that is not given.
        """
        given = {"question": question, **fields}
        if context is not None:
            given["context"] = context
        prompt = self.settings.prompt
        given = {**dict.fromkeys(prompt.without, ""), **given}  # what may be blank may be left out
        missing = [name for name in prompt.names if name not in given]
        if missing:
            raise DataError(
                f"this arm's prompt has a place for {listed(missing)}, which is not given",
                where=f"prompt.template: {prompt.template!r}",
                got=listed(given),
                fix=f"give {listed(missing)}; on the command line: --context TEXT or"
                " --field NAME=TEXT",
            )
        (found,) = self.answers([Item(_ITEM, given, (), (), ())])
        return found.text

    def answers(
        self, items: Sequence[Item], on_step: Callable[[int, int], None] | None = None
    ) -> list[Prediction]:
        """Predictions for some items, in their order.

        Parameters
        ----------
        items : sequence of Item
            Those of the run's test split give the run's predictions.
        on_step : callable, optional
            Given the number of items done and the total.

        Raises
        ------
        ExperimentError
            The prompt names a field that an item has not.
        """
        from harness.generation import generate

        settings = self.settings
        check_template(settings.prompt, items)
        return generate(
            self.model,
            self.base.tokenizer,
            encode_items(items, settings.prompt, self.base),
            settings.generation,
            seed=settings.seed,
            encoder_decoder=self.base.encoder_decoder,
            on_step=on_step or (lambda done, total: None),
        )


def load_arm(
    run: str | Path | Model,
    *,
    tracking_uri: str | None = None,
    base_model: str | Model | None = None,
    prompt: Prompt | None = None,
    generation: Generation | None = None,
) -> TrainedArm:
    """Load what a run has trained, or a model that lies in a folder.

    Parameters
    ----------
    run : str, Path or Model
        A finished run as for `harness.tracking.trained.find_trained`: its id or the beginning of
        it, or `ABLATION/ARM/SEED`. Or a folder with an adapter or a model, an embedded model,
        or a `Model`, which may be on the hub.
    tracking_uri : str, optional
        As for `harness.tracking.open_store`.
    base_model : str or Model, optional
        The base of an adapter, where it is not at its old place any more; a `Model` also says at
        which precision it is held.
    prompt, generation : optional
        Other ones than the run's. For a folder that holds none, the question alone and greedy
        decoding are the default.

    Raises
    ------
    TrackingError
        There is no such run, it did not finish, or its model is gone.
    ModelError
        The base cannot be loaded, or is not the one that the arm was trained on.
    """
    if isinstance(run, Model):
        found = _from_model(run)
    elif Path(run).expanduser().is_dir() and _is_model(Path(run).expanduser()):
        found = _from_folder(Path(run).expanduser(), base_model)
    elif isinstance(run, Path):
        raise ModelError(
            "this is not a folder with a model", where=str(run), allowed=" or ".join(_CONFIG)
        )
    elif run.startswith(EMBEDDED_PREFIX):
        found = _from_model(Model(name=run))
    else:
        found = _from_run(run, tracking_uri, base_model)
    changes = {"prompt": prompt, "generation": generation}
    given = {name: value for name, value in changes.items() if value is not None}
    return TrainedArm(found.name, found.base, found.model, found.settings.model_copy(update=given))


def spec_of(run: TrainedRun) -> RunSpec:
    """What a run was configured as, a search's best settings included.

    Raises
    ------
    TrackingError
        Another version made it, and this one does not understand its experiment.
    """
    plan = plan_of_stored(run.ablation)
    return next(r for r in plan.runs if (r.arm.name, r.seed) == (run.arm, run.seed))


def _from_run(name: str, tracking_uri: str | None, base_model: str | Model | None) -> TrainedArm:
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
        return _loaded(label, settings, folder, identity_of(run))


def _from_folder(folder: Path, base_model: str | Model | None) -> TrainedArm:
    from harness.models.restoring import base_of_adapter, is_adapter

    settings = read_settings(folder)
    if settings is None:
        name = base_of_adapter(folder) if is_adapter(folder) and not base_model else str(folder)
        settings = _default(Model(name=name))
    if base_model is not None:
        changed = _chosen(settings.model, base_model)
        settings = settings.model_copy(update={"model": changed})
    return _loaded(str(folder), settings, folder, None)


def _from_model(model: Model) -> TrainedArm:
    from harness.models.base import load_base

    base = load_base(model)
    return TrainedArm(model.name, base, base.model, _default(model))


def _loaded(name: str, settings: ArmSettings, folder: Path, identity: str | None) -> TrainedArm:
    from harness.models.base import load_base
    from harness.models.restoring import is_adapter, with_saved_adapter

    if (folder / UNTRAINED_FILE).is_file():
        base = load_base(*_found(settings.model, name, identity))
        return TrainedArm(name, base, base.model, settings)
    if not is_adapter(folder):
        place = {"name": str(folder), "revision": None, "gguf_file": None}
        base = load_base(settings.model.model_copy(update=place))
        return TrainedArm(name, base, base.model, settings)
    base = load_base(*_found(settings.model, name, identity))
    return TrainedArm(name, base, with_saved_adapter(base, folder), settings)


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


def _is_model(folder: Path) -> bool:
    return any((folder / name).is_file() for name in _CONFIG)
