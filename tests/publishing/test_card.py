"""The model card: front matter as the Hub reads it, and a page that a label cannot break."""

from __future__ import annotations

import ast
import re
from dataclasses import replace

import pytest
import yaml
from huggingface_hub import ModelCard

from harness.arm_settings import ArmSettings
from harness.experiment.data import Prompt
from harness.experiment.model import LoRA, Model
from harness.experiment.recipe import Generation
from harness.publishing.card import CardFacts, model_card
from reports.arms import ArmMean

NAN = float("nan")
FACTS = CardFacts(
    repo_id="me/tiny",
    revision=None,
    adapter=True,
    encoder_decoder=False,
    run_id="r" * 32,
    fingerprint="f" * 64,
    arm="a|b / nf4",
    seed=7,
    experiment="exp",
    question="Does `it` help?\n## no heading",
    settings=ArmSettings(
        model=Model(name="owner/base", precision="nf4", adapter=LoRA(r=4)),
        prompt=Prompt(template="### Q: {question}\n| {context}"),
        generation=Generation(stop_strings=("\n",)),
    ),
    training={"epochs": 2.0, "max_steps": None},
    base="owner/base",
    base_label="owner/base",
    data_label="squad",
    datasets=("squad",),
    licenses={"model": "apache-2.0", "base": "mit"},
    own={"em": 41.25, "f1": NAN, "rougeL": 50.0},
    means={
        "em": (
            ArmMean("a|b / nf4", 40.0, 30.0, 50.0, 2, "recipe", None),
            ArmMean("other", NAN, NAN, NAN, 0, "recipe", "no finished run"),
        )
    },
    level=0.95,
    n_items=1200,
    cluster_names=("title",),
    verdicts=("[better] a is better than b.",),
    warnings=("few items",),
)


def test_the_front_matter_is_what_the_hub_reads() -> None:
    text = model_card(FACTS)
    data = ModelCard(text).data
    assert data.to_dict() == yaml.safe_load(text.split("---\n")[1])
    assert (data.base_model, data.license, data.library_name) == (
        "owner/base", "apache-2.0", "peft",
    )  # fmt: skip
    assert data.datasets == ["squad"]
    assert data.pipeline_tag == "text-generation"
    assert {one.metric_name: one.metric_value for one in data.eval_results} == {
        "EM": 41.25,
        "ROUGE-L": 50.0,
    }, "what is unknown is left out"


def test_the_page_tells_scores_verdicts_recipe_and_limits() -> None:
    text = model_card(FACTS)
    assert "| **a\\|b / nf4** | 40.0 (30.0 to 50.0) | 2 |" in text
    assert "| other | – | 0 |" in text
    assert "- \\[better\\] a is better than b." in text
    assert "| training.epochs | `2.0` |" in text
    assert "max\\_steps" not in text
    assert "| prompt.template | `### Q: {question}\\n\\| {context}` |" in text
    assert "- few items" in text
    assert "held in nf4" in text
    assert "| base model | owner/base | mit |" in text
    assert "| data | squad | not known |" in text
    headings = re.findall(r"^#+ .*", text, flags=re.MULTILINE)
    assert [one.lstrip("# ") for one in headings] == [
        "me/tiny", "Base model and data", "Scores", "Recipe", "Use", "Limits",
    ]  # fmt: skip


@pytest.mark.parametrize("adapter", [True, False])
@pytest.mark.parametrize("base", ["owner/base", None])
def test_its_code_is_python(adapter: bool, base: str | None) -> None:
    facts = replace(FACTS, adapter=adapter, base=base, encoder_decoder=True, revision="b")
    text = model_card(facts)
    blocks = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        ast.parse(block)
    assert 'snapshot_download("me/tiny", revision="b")' in blocks[0]
    assert ("PeftModel" in blocks[1]) is adapter
    assert "AutoModelForSeq2SeqLM" in blocks[1]
    assert ("whose name on the Hub was not given" in text) is (base is None)
    assert ModelCard(text).data.base_model == base
