"""How the arms of a conversation decode, where that differs from how their runs did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from harness.arm_settings import ArmSettings
from harness.experiment.recipe import Generation

__all__ = ["METHODS", "decoded_by"]

METHODS: Final[Mapping[str, Mapping[str, Any]]] = {
    "": {},
    "greedy": {"do_sample": False, "num_beams": 1},
    "sampling": {"do_sample": True, "num_beams": 1},
    "beams": {"do_sample": False},
}
"""Method -> what it fixes of `Generation`; "" is the one of each arm's run."""

_OF_SAMPLING = ("temperature", "top_k", "top_p")


def decoded_by(settings: ArmSettings, decoding: Mapping[str, Any]) -> ArmSettings:
    """An arm's settings with a conversation's decoding.

    Parameters
    ----------
    settings : ArmSettings
        Of the arm's run.
    decoding : mapping
        `method` of `METHODS`, `seed`, and fields of `Generation`; what is left out stays as
        it was in the run.

    Raises
    ------
    ValueError
        The fields do not go together.
    """
    changes = dict(decoding)
    method = METHODS[changes.pop("method", "")]
    seed = changes.pop("seed", settings.seed)
    values = {**settings.generation.model_dump(), **method, **changes}
    if not values["do_sample"]:
        values |= dict.fromkeys(_OF_SAMPLING)
    generation = Generation.model_validate(values)
    return settings.model_copy(update={"generation": generation, "seed": seed})
