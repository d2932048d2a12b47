"""What is loaded once, what is let go, and what does not fit."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from harness import finding
from harness.errors import ModelError
from harness.models import base as bases
from harness.models.base import BaseModel
from harness.playground.answering.shelf import Shelf, memory_limit
from harness.tracking import open_store
from harness.tracking.trained import find_trained, model_folder
from harness.trained import TrainedArm, load_arm

FIELDS = {"question": "where is Mola", "context": "Mola is near Tarn"}
ALL = 1e12


class Loads:
    """What was loaded, and errors to raise instead of loading."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.errors: list[Exception] = []
        self.look: Callable[[], None] = lambda: None


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> Loads:
    listened, load = Loads(), bases.load_base

    def listen(config, source=None, device=None) -> BaseModel:
        listened.done.append(f"{Path(config.name).name} {config.precision}")
        listened.look()
        if listened.errors:
            raise listened.errors.pop()
        return load(config, source, device)

    monkeypatch.setattr(bases, "load_base", listen)
    return listened


@pytest.fixture(autouse=True)
def work(tiny_ablation: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with contextlib.chdir(tiny_ablation):
        yield


def take(shelf: Shelf, name: str) -> TrainedArm:
    return shelf.arm(f"tiny/{name}", lambda what: None)


def answer(arm: TrainedArm) -> str:
    return arm.answer(**FIELDS)


def test_one_base_for_all_that_answer_on_it(loads: Loads) -> None:
    names = ["t5/lora", "t5/untrained", "t5/whole", "t5/qlora", "t5/lora", "t5/untrained"]
    expected = {name: answer(load_arm(f"tiny/{name}")) for name in set(names)}
    loads.done.clear()
    shelf, said = Shelf(None, ALL), []
    for name in names:
        arm = shelf.arm(f"tiny/{name}", said.append)
        assert answer(arm) == expected[name], name
    assert loads.done == ["t5 full", "model full", "t5 nf4"]
    assert said.count("the model") == 4
    assert said[1].endswith("/t5 in full precision")
    assert said[3].endswith("/ t5 / untrained / seed 3")
    assert said[5].endswith("/ t5 / whole / seed 3 in full precision")
    assert said[7].endswith("/t5 in nf4")


def test_what_is_loaded_is_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf(None, ALL)
    expected = answer(take(shelf, "t5/lora"))
    take(shelf, "t5/whole")
    monkeypatch.setattr(finding, "find_arm", None)
    assert answer(take(shelf, "t5/lora")) == expected


def test_the_least_recently_used_base_goes_first(loads: Loads) -> None:
    shelf = Shelf(None, ALL)
    for name in ("t5/lora", "llama/lora"):
        take(shelf, name)
    shelf.limit = shelf.used * 1.1
    take(shelf, "t5/lora")
    before, meanwhile = shelf.used, []
    loads.look = lambda: meanwhile.append(shelf.used)
    take(shelf, "t5/qlora")
    assert meanwhile[0] < before, "it goes before the next one comes"
    assert shelf.used <= shelf.limit
    take(shelf, "t5/lora")
    assert loads.done == ["t5 full", "llama full", "t5 nf4"]
    take(shelf, "llama/lora")
    assert loads.done[3:] == ["llama full"]


def test_adapters_go_too(tiny_ablation: Path, tmp_path: Path, loads: Loads) -> None:
    import shutil

    store = open_store(None)
    with model_folder(store, find_trained(store, "tiny/t5/lora")) as folder:
        runs = [str(shutil.copytree(folder, tmp_path / str(number))) for number in range(4)]
    shelf = Shelf(None, ALL)
    said: list[str] = []
    shelf.arm(runs[0], said.append)
    alone = shelf.used
    shelf.arm(runs[1], said.append)
    shelf.limit = shelf.used + 1
    for run in runs[2:]:
        shelf.arm(run, said.append)
        assert alone < shelf.used <= shelf.limit
    said.clear()
    shelf.arm(runs[2], said.append)
    assert said == []
    shelf.arm(runs[0], said.append)
    assert said == ["the model", runs[0]]
    assert len(loads.done) == 1


def test_a_model_that_does_not_fit_costs_no_other_one(loads: Loads) -> None:
    shelf = Shelf(None, ALL)
    take(shelf, "t5/qlora")
    shelf.limit = shelf.used
    with pytest.raises(ModelError, match="--memory-limit") as caught:
        take(shelf, "t5/whole")
    assert "needs about 0.000" in str(caught.value)
    assert "at most 0.000" in str(caught.value)
    take(shelf, "t5/qlora")
    assert loads.done == ["t5 nf4"]


@pytest.mark.parametrize("error", [torch.OutOfMemoryError, MemoryError])
def test_out_of_memory_lets_the_others_go(loads: Loads, error: type[Exception]) -> None:
    shelf = Shelf(None, ALL)
    take(shelf, "t5/lora")
    alone = shelf.used
    loads.errors = [error("all is taken")]
    assert answer(take(shelf, "t5/qlora")) is not None
    assert loads.done == ["t5 full", "t5 nf4", "t5 nf4"]
    assert 0 < shelf.used < alone, "the other one is gone"
    loads.errors = [error("all is taken"), error("all is taken")]
    with pytest.raises(ModelError, match="more memory than is free"):
        take(shelf, "t5/lora")
    assert shelf.used == 0
    loads.errors = [ModelError("damaged")]
    with pytest.raises(ModelError, match="damaged"):
        take(shelf, "t5/lora")


def test_an_adapter_that_does_not_fit_spoils_nothing(tmp_path: Path, loads: Loads) -> None:
    from safetensors.torch import load_file, save_file

    shelf = Shelf(None, ALL)
    expected = answer(take(shelf, "llama/lora"))
    store = open_store(None)
    with model_folder(store, find_trained(store, "tiny/llama/lora")) as folder:
        weights = load_file(folder / "adapter_model.safetensors")
        weights.popitem()
        save_file(weights, tmp_path / "adapter_model.safetensors")
        text = (folder / "adapter_config.json").read_text()
        (tmp_path / "adapter_config.json").write_text(text)
    with pytest.raises(ModelError, match="cannot be put on this base"):
        shelf.arm(str(tmp_path), lambda what: None)
    assert answer(take(shelf, "llama/lora")) == expected
    assert loads.done == ["llama full"] * 2, "the base was let go"


def test_an_adapter_that_changes_its_base_has_one_of_its_own(tmp_path: Path, loads: Loads) -> None:
    import json

    store = open_store(None)
    with model_folder(store, find_trained(store, "tiny/llama/lora")) as folder:
        for path in folder.iterdir():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    path = tmp_path / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"init_lora_weights": "pissa"}))
    shelf = Shelf(None, ALL)
    expected = answer(take(shelf, "llama/lora"))
    bare = answer(take(shelf, "llama/untrained"))
    shelf.arm(str(tmp_path), lambda what: None)
    assert answer(take(shelf, "llama/lora")) == expected
    assert answer(take(shelf, "llama/untrained")) == bare
    assert loads.done == ["llama full"] * 2


def test_without_a_limit_a_share_of_the_memory_counts() -> None:
    psutil = pytest.importorskip("psutil")
    if not torch.cuda.is_available():
        assert memory_limit() == pytest.approx(0.6 * psutil.virtual_memory().total)
    assert Shelf(None, None).limit == memory_limit()
    assert Shelf(None, 5.0).limit == 5.0
