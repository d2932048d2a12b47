from __future__ import annotations

from dataclasses import replace

from harness.experiment.declaration import with_declaration
from reports.sections import SECTIONS, Page


def test_provenance_names_data_and_model_by_content(page: Page) -> None:
    what = {"test items": "abc", "base model": {"t5": "x", "llama": "y"}, "alpha": 0.05}
    history = with_declaration((), what, at="t", n_known=0, n_runs=1)
    declared_page = replace(page, study=replace(page.study, history=history))
    facts = SECTIONS["provenance"](declared_page)["facts"]
    assert facts["Test items, by content"] == "abc"  # type: ignore[index]
    assert facts["Base model, by content"] == "t5: x; llama: y"  # type: ignore[index]
    assert SECTIONS["provenance"](page)["facts"] == {"Commit": "abc"}
