from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.optimize import minimize

from reports.plots.layout import TEXT, Mark, label_marks, panel, shortened, spread
from reports.plots.svg import new_figure

ADAPTERS = [f"low-rank adapter r={r} on all attention layers, alpha 8" for r in (4, 16)]
COMBINED = [
    " / ".join(one)
    for one in itertools.product(("question", "question+context"), ("full", "nf4"), ("r8", "r64"))
]


def test_what_differs_stays_visible() -> None:
    assert shortened(["none", *ADAPTERS], 17)[1:] == ("low-rank ada…r=4…", "low-rank ad…r=16…")
    assert shortened(["none", "question"], 8) == ("none", "question")
    assert shortened([ADAPTERS[0]], 9) == ("low-…ha 8",)
    assert shortened(COMBINED, 17)[-1] == "ques…ext/nf4/r64"


@pytest.mark.parametrize("width", [8, 13, 17, 30])
@pytest.mark.parametrize(
    "names", [ADAPTERS, COMBINED, [f"{'a' * 30}{i}" for i in range(12)], ["x" * 30, "x" * 31]]
)
def test_short_names_fit_and_differ(names: list[str], width: int) -> None:
    cut = shortened(names, width)
    assert len(set(cut)) == len(names)
    assert max(map(len, cut)) <= width


def test_labels_are_as_near_as_the_gap_allows() -> None:
    wanted = np.array([0.5, 0.1, 0.52, 0.9, 0.97])
    order = np.argsort(wanted)
    best = minimize(
        lambda x: ((x - wanted) ** 2).sum(),
        np.linspace(0, 0.8, 5)[order.argsort()],
        tol=1e-12,
        bounds=[(0, 1)] * 5,
        constraints=[
            {"type": "ineq", "fun": lambda x, a=a, b=b: x[b] - x[a] - 0.15}
            for a, b in itertools.pairwise(order)
        ],
    )
    assert spread(list(wanted), 0.15, 0, 1) == pytest.approx(best.x, abs=1e-5)


def test_labels_that_cannot_fit_share_the_room() -> None:
    assert spread([0.5, 0.5, 0.5], 0.9, 0, 1) == pytest.approx([0, 0.5, 1])
    assert spread([2.0], 0.1, 0, 1) == [1]
    assert spread([], 0.1, 0, 1) == []


def test_labels_of_one_point_stand_below_each_other() -> None:
    figure = new_figure(2.0)
    axes = panel(figure, 0.4, 0.2, 2.0, 1.5)
    axes.set_ylim(0, 10)
    label_marks(axes, [Mark(0, 5, "one $"), Mark(0, 5, "other", bold=True)])
    heights = sorted(text.get_position()[1] for text in axes.texts)
    assert (heights[1] - heights[0]) * 1.5 * 72 > TEXT
    assert sum(heights) / 2 == pytest.approx(0.5)
