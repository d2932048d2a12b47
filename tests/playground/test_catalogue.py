"""Which arms can be asked, from a real tracking store and from folders."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from harness.arm_settings import ARM_FILE, ArmSettings
from harness.errors import ModelError, TrackingError
from harness.experiment.data import Prompt
from harness.experiment.model import Model
from harness.experiment.recipe import Generation
from harness.playground.catalogue import NAMED, Catalogue, _names
from harness.tracking import open_store
from harness.tracking.trained import finished_runs


def test_arms_are_those_of_the_newest_ablation_and_the_folders(
    tiny_ablation: Path, model_folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tiny_ablation)
    folder = str(model_folders["gpt2"])
    catalogue = Catalogue(None, ["tiny/llama/qlora/3", folder])
    arms = list(catalogue.arms().values())
    assert [arm.group for arm in arms[:2]] == [NAMED, arms[1].group]
    assert len(arms) == 1 + 2 * 4  # the first ablation's runs are the second one's
    labels = [arm.label for arm in arms[1:]]
    assert labels == sorted(labels)
    qlora = next(arm for arm in arms if arm.label == "llama / qlora / seed 3")
    assert qlora.name == "tiny / llama / qlora / seed 3"
    assert qlora.fields == ("question", "context")
    assert qlora.details["Precision"] == "nf4"
    assert {"EM", "F1"} < {*qlora.details}
    assert catalogue.preselected == (qlora.key, arms[0].key)
    assert catalogue.arm(qlora.key) == qlora
    assert catalogue.arm("nothing") is None
    assert catalogue.run_of(qlora.key) == qlora.run_id
    assert catalogue.run_of(arms[0].key) == str(model_folders["gpt2"].resolve())
    assert catalogue.run_of("model-0123456789abcdef") is None
    assert all(folder not in arm.key for arm in arms)


def test_a_run_that_was_reused_is_known_by_its_older_id_too(
    tiny_ablation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tiny_ablation)
    runs = finished_runs(open_store(None, must_exist=True))
    newer, older = (next(run for run in runs[n:] if run.arm == "t5 / lora") for n in (0, 8))
    assert newer.model_run == older.run_id == older.model_run != newer.run_id
    catalogue = Catalogue(None, [older.run_id])
    assert catalogue.preselected == (newer.run_id,)
    assert newer.run_id in catalogue.arms()
    assert older.run_id not in catalogue.arms()
    conversation = [older.run_id]  # begun before the newer ablation was
    assert catalogue.arm(older.run_id).label == "t5 / lora / seed 3"
    assert catalogue.test_set(conversation) == older.ablation


def test_what_is_out_of_reach_does_not_take_the_page_with_it(
    tiny_ablation: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tiny_ablation)
    catalogue = Catalogue(None, [])
    key = next(iter(catalogue.arms()))
    shutil.move("mlruns", tmp_path / "elsewhere")
    try:
        assert catalogue.test_set([key]) == ""
    finally:
        shutil.move(tmp_path / "elsewhere", "mlruns")
    with monkeypatch.context() as patch:
        patch.setattr("harness.playground.catalogue.test_items", _fail)
        assert catalogue.test_set([key]) == ""
        assert "its predictions are gone" in capsys.readouterr().err
    assert catalogue.test_set([key]) != ""


@pytest.mark.parametrize(
    ("template", "expected"),
    [("{question} {con", ("question",)), ("{question} {", ("question",)), ("a } b", ()), ("", ())],
)
def test_a_template_that_was_cut_off_tells_what_it_can(
    template: str, expected: tuple[str, ...]
) -> None:
    assert _names(template) == expected


def test_test_items_are_those_of_the_ablation(
    tiny_ablation: Path, model_folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tiny_ablation)
    catalogue = Catalogue(None, [str(model_folders["gpt2"])])
    folder, *runs = catalogue.arms()
    assert catalogue.test_set([folder]) == ""
    assert catalogue.items([folder], "") == ()
    keys = [folder, runs[0]]
    assert catalogue.test_set(keys).startswith("tiny ")
    every = catalogue.items(keys, "", limit=100)
    assert len(every) == 10
    one = every[0]
    assert catalogue.item(keys, one.id) == one
    assert catalogue.item(keys, "nothing") is None
    assert one in catalogue.items(keys, one.question.upper())
    assert one in catalogue.items(keys, one.references[0])
    assert catalogue.items(keys, f"{one.question} nowhere") == ()
    assert len(catalogue.items(keys, "", limit=3)) == 3
    assert len({catalogue.items(keys, "", limit=3)[0].id for _ in range(30)}) > 1


def test_a_folder_says_what_its_prompt_asks_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "arm").mkdir()
    (tmp_path / "arm/adapter_config.json").write_text("{}")
    settings = ArmSettings(
        model=Model(name="embedded:tiny_t5"),
        prompt=Prompt(template="{question} {title}"),
        generation=Generation(),
    )
    (tmp_path / "arm" / ARM_FILE).write_text(settings.model_dump_json())
    catalogue = Catalogue(None, ["arm", "embedded:tiny_t5"])
    found = list(catalogue.arms().values())
    assert [arm.fields for arm in found] == [("question", "title"), ("question",)]
    assert found[0].details["Base model"] == "embedded:tiny_t5"
    assert catalogue.tracking_uri is None


def test_what_is_not_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TrackingError, match="run an ablation first"):
        Catalogue(None, [])
    with pytest.raises(TrackingError, match="--tracking-uri"):
        Catalogue("sqlite:///nowhere.db", ["embedded:tiny_t5"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match=r"config\.json"):
        Catalogue(None, ["empty"])


def test_a_folder_whose_name_is_no_text_is_refused(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/bad\xff"
    os.mkdir(folder)
    Path(os.fsdecode(folder), "config.json").write_text("{}")
    with pytest.raises(ModelError, match="not UTF-8") as error:
        Catalogue(None, [os.fsdecode(folder)])
    str(error.value).encode()


def _fail(*where: object) -> None:
    raise TrackingError("its predictions are gone")
