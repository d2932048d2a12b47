"""A trained arm back in hand: asked as its run asked it.

Prompts, truncation, stop strings and decoding are those of the run, by the same code, so that its
stored predictions come out again. Trains nothing and writes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.arm_settings import ArmSettings, read_settings
from harness.data import Item
from harness.data.encoding import Encoded
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
    from harness.generation import Prediction, Watch
    from harness.models.base import BaseModel

__all__ = ["Asked", "FoundArm", "TrainedArm", "find_arm", "identity_of", "load_arm", "spec_of"]

_ITEM = "question"
_CONFIG = ("config.json", "adapter_config.json")


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


class Asked(NamedTuple):
    """An answer, and what it is an answer to.

    Attributes
    ----------
    prediction : Prediction
    encoded : Encoded
        The prompt as the model read it, with what was cut off.
    seconds : float
        Of generating alone.
    """

    prediction: Prediction
    encoded: Encoded
    seconds: float


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
        return self.stream(given).prediction.text

    def stream(
        self, fields: Mapping[str, str], item_id: str = _ITEM, watch: Watch | None = None
    ) -> Asked:
        """The answer to one question, watched while it is in the making.

        Parameters
        ----------
        fields : mapping of str to str
            All that the prompt names, whether blank or not.
        item_id : str
            With the seed, decides random decoding.
        watch : callable, optional
            As for `harness.generation.generate`.

        Raises
        ------
        ExperimentError
            The prompt names a field that is not given.
        """
        item = Item(item_id, dict(fields), (), (), ())
        check_template(self.settings.prompt, [item])
        (encoded,) = encode_items([item], self.settings.prompt, self.base)
        start = time.perf_counter()
        (prediction,) = self._generated([encoded], watch=watch)
        return Asked(prediction, encoded, time.perf_counter() - start)

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
        check_template(self.settings.prompt, items)
        encoded = encode_items(items, self.settings.prompt, self.base)
        return self._generated(encoded, on_step=on_step or (lambda done, total: None))

    def _generated(
        self,
        encoded: Sequence[Encoded],
        *,
        on_step: Callable[[int, int], None] = lambda done, total: None,
        watch: Watch | None = None,
    ) -> list[Prediction]:
        from harness.generation import generate

        return generate(
            self.model,
            self.base.tokenizer,
            encoded,
            self.settings.generation,
            seed=self.settings.seed,
            encoder_decoder=self.base.encoder_decoder,
            on_step=on_step,
            watch=watch,
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
    from harness.models.base import load_base
    from harness.models.restoring import with_saved_adapter

    with find_arm(run, tracking_uri=tracking_uri, base_model=base_model) as found:
        base = load_base(found.model, found.source)
        model = with_saved_adapter(base, found.adapter) if found.adapter else base.model
    changes = {"prompt": prompt, "generation": generation}
    given = {name: value for name, value in changes.items() if value is not None}
    return TrainedArm(found.name, base, model, found.settings.model_copy(update=given))


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
    elif Path(run).expanduser().is_dir() and _is_model(Path(run).expanduser()):
        yield _from_folder(Path(run).expanduser(), base_model)
    elif isinstance(run, Path):
        raise ModelError(
            "this is not a folder with a model", where=str(run), allowed=" or ".join(_CONFIG)
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


def _is_model(folder: Path) -> bool:
    return any((folder / name).is_file() for name in _CONFIG)
