"""Which base models are probed, and with which texts; the probe itself is tested in `models`."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from harness.executors.bases import Bases
from harness.experiment import load_experiment, make_plan
from harness.preparation import Prepared, prepare
from harness.probing import FIRST_OF_EACH, probe_bases, probed_texts

QUICKSTART = Path(__file__).parents[1] / "experiments" / "quickstart.yaml"


def prepared(*assignments: str) -> Prepared:
    return prepare(make_plan(load_experiment(QUICKSTART, assignments)))


def test_the_first_items_of_each_article_are_moved_as_one() -> None:
    dataset = next(iter(prepared().datasets.values()))
    texts, units = probed_texts(dataset)
    assert units is not None
    assert len(texts) == len(units) == FIRST_OF_EACH * 25
    assert units == sorted(units, key=units.index)
    first = dataset.test[0]
    assert texts[0] == f"{first.fields['question']}\n{first.answers[0]}"


def test_without_clusters_every_item_stands_for_itself() -> None:
    dataset = next(iter(prepared("base.data.clusters=[]").datasets.values()))
    texts, units = probed_texts(dataset)
    assert (len(texts), units) == (500, None)


def test_each_base_model_is_probed_once_or_says_why_not(model_folders: dict[str, Path]) -> None:
    llama = model_folders["llama"]
    factors = (
        "factors={model: {control: {t5: {}}, treatments: {llama: {model.name: "
        f"{llama}}}, nf4: {{model.name: {llama}, model.precision: nf4}}}}}}}}"
    )
    plan = prepared(factors, "analysis.hypotheses=[]")
    said = io.StringIO()
    bases = Bases(plan.models)
    t5, other = probe_bases(plan, bases, Console(file=said, width=200))
    assert "encoder-decoder" in t5.reason
    assert other.model == str(llama)
    assert 0 < other.p_value <= 1
    assert other.n_shards >= 2
    assert other.reason == ""
    assert all(note.endswith(".") for note in other.notes)
    assert f"probing whether {llama} has seen the test items: " in said.getvalue()
    (again,) = (x for x in probe_bases(plan, bases, Console(file=said)) if x.model == str(llama))
    assert again == other
