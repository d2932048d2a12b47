from __future__ import annotations

from dataclasses import replace

import pytest

from reports.noise import NoiseFloor
from reports.opinions import Opinion
from reports.sections import SECTIONS, Page


def test_trust_names_scope_and_size(page: Page) -> None:
    basis = str(SECTIONS["trust"](page)["basis"])
    assert "200 items in 25 clusters (by “title”), with 3 training seeds" in basis
    assert "about the recipe" in basis


@pytest.mark.parametrize(
    ("n_changed", "share"), [(0, "0.0%"), (1, "< 0.1%"), (7, "0.1%"), (1234, "12.3%")]
)
def test_trust_shows_what_numerics_alone_do(page: Page, n_changed: int, share: str) -> None:
    shifts = {"em": 0.0, "f1": -0.31, "bleu": float("nan"), "rouge1": 0.02, "rouge2": 1.0}
    floor = NoiseFloor("question / full", 2, 10_000, n_changed, {**shifts, "rougeL": 2.5})
    analysis = replace(page.analysis, noise=(floor,))
    context = SECTIONS["trust"](replace(page, analysis=analysis))
    assert context["noise_metrics"] == ["F1", "EM", "BLEU", "ROUGE-1", "ROUGE-2", "ROUGE-L"]
    assert context["noise"] == [
        {
            "arm": "question / full",
            "seed": 2,
            "changed": f"{n_changed:,} of 10,000",
            "share": share,
            "shifts": ["−0.3", "0.0", "–", "+0.02", "+1.0", "+2.5"],
        }
    ]


def test_trust_shows_second_opinions(page: Page) -> None:
    opinions = (Opinion("a: b vs c", "f1", "sign flips of titles (all)", 0.0312),)
    analysis = replace(page.analysis, opinions=opinions)
    context = SECTIONS["trust"](replace(page, analysis=analysis))
    assert context["opinions"] == [
        {
            "contrast": "a: b vs c",
            "metric": "F1",
            "test": "sign flips of titles (all)",
            "p": "0.031",
        }
    ]
    assert len(page.analysis.opinions) == 2, "one for each declared hypothesis"
