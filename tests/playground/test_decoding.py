from __future__ import annotations

import pytest

from harness.arm_settings import ArmSettings
from harness.experiment.data import Prompt
from harness.experiment.model import Model
from harness.experiment.recipe import Generation
from harness.playground.decoding import decoded_by


def settings(**generation: object) -> ArmSettings:
    return ArmSettings(
        model=Model(name="embedded:tiny_t5"),
        prompt=Prompt(template="{question}"),
        generation=Generation.model_validate(generation),
        seed=3,
    )


def test_without_a_word_an_arm_answers_as_in_its_run() -> None:
    own = settings(do_sample=True, temperature=0.7, max_new_tokens=9, stop_strings=["."])
    assert decoded_by(own, {}) == own
    assert decoded_by(own, {"method": ""}) == own


def test_a_method_takes_the_place_of_the_runs() -> None:
    own = settings(do_sample=True, temperature=0.7, top_k=5, max_new_tokens=9)
    greedy = decoded_by(own, {"method": "greedy", "max_new_tokens": 20})
    assert greedy == settings(max_new_tokens=20)
    beams = decoded_by(own, {"method": "beams", "num_beams": 4})
    assert beams == settings(max_new_tokens=9, num_beams=4)
    drawn = decoded_by(settings(num_beams=4), {"method": "sampling", "top_p": 0.9, "seed": 8})
    assert drawn.generation == Generation(do_sample=True, top_p=0.9)
    assert drawn.seed == 8


def test_what_does_not_go_together_is_refused() -> None:
    with pytest.raises(ValueError, match="max_new_tokens"):
        decoded_by(settings(), {"max_new_tokens": 0})
    with pytest.raises(KeyError):
        decoded_by(settings(), {"method": "magic"})
