"""A trained arm back in hand: asked as its run asked it.

Prompts, truncation, stop strings and decoding are those of the run, by the same code, so that its
stored predictions come out again. Trains nothing and writes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.arm_settings import ArmSettings
from harness.data import Item
from harness.data.encoding import Encoded
from harness.data.messages import listed
from harness.data.prompts import check_template
from harness.errors import DataError
from harness.experiment.data import Prompt
from harness.experiment.model import Model
from harness.experiment.recipe import Generation
from harness.finding import find_arm, identity_of, spec_of
from harness.steps import encode_items

if TYPE_CHECKING:
    from harness.generation import Prediction, Watch
    from harness.models.base import BaseModel

__all__ = ["Asked", "TrainedArm", "identity_of", "load_arm", "spec_of"]

_ITEM = "question"


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
