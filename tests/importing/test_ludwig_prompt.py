"""Columns and templates: under which names, and what Ludwig alone can do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.errors import ExperimentError
from tests.importing.helpers import ludwig

P, F = "base.prompt", "base.data.fields"


def _prompt(template: str | None, **more: Any) -> dict[str, Any]:
    return {"prompt": {"template": template, **more}}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, {f"{P}.template": "{question}", f"{P}.target": " {answer}"}),
        (
            _prompt("Q: {question}\n"),
            {f"{P}.template": "Q: {question}\n", f"{P}.target": "{answer}"},
        ),
        (
            {**_prompt("{topic}? {words} {{}}"), "input_features": [{"name": "words"}]},
            {
                f"{P}.template": "{topic}? {question} {{}}",
                f"{F}.question": "words",
                f"{P}.truncate": "question",
            },
        ),
        (  # the feature is no column: Ludwig puts the rendered prompt there
            {**_prompt("{a b} {c}"), "input_features": [{"name": "prompt"}]},
            {f"{P}.template": "{question} {c}", f"{F}.question": "a b"},
        ),
        (
            {**_prompt("{__sample__} {topic}"), "input_features": [{"name": "words"}]},
            {f"{P}.template": "{question} {topic}", f"{F}.question": "words"},
        ),
        (
            _prompt("{__task__}: {__sample__}", task="Say {it}"),
            {f"{P}.template": "Say {{it}}: {question}"},
        ),
        (
            {"output_features": [{"name": "reply", "type": "text"}]},
            {f"{F}.answers": "reply"},
        ),
        ({"preprocessing__global_max_sequence_length": 300}, {f"{P}.max_tokens": 300}),
        (
            {
                "preprocessing__global_max_sequence_length": 300,
                "input_features": [
                    {"name": "question", "preprocessing": {"max_sequence_length": 50}}
                ],
            },
            {f"{P}.max_tokens": 50},
        ),
        ({"input_features": [{"name": "{x"}]}, {f"{F}.question": "{x"}),
        ({"preprocessing__sample_size": 40}, {"base.data.train.limit": 40}),
    ],
)
def test_a_prompt(changed: dict[str, Any], expected: dict[str, Any], tmp_path: Path) -> None:
    found = ludwig(tmp_path, **changed)
    assert {path: found.get(path) for path in expected} == expected


def test_columns_that_are_called_so_here_are_not_renamed(tmp_path: Path) -> None:
    assert not [path for path in ludwig(tmp_path) if path.startswith(F)]


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        (_prompt(None, task="Answer"), "prompt.task"),
        (_prompt("{__task__}{__sample__}"), "there is no prompt.task"),
        (_prompt("{__context__} {question}"), "retrieved"),
        (_prompt("{question}", retrieval={"type": "semantic", "k": 3}), "prompt.retrieval.type"),
        (_prompt("{question"), "not a template"),
        (_prompt("Answer!"), "names no column"),
        ({"prompt": "Answer {question}"}, "section"),
        ({"input_features": [{"name": "a"}, {"name": "b"}]}, "one input feature"),
        ({"input_features": ["question"]}, "no name"),
        ({"input_features": [{"name": "a", "type": "image"}]}, "no text"),
        ({"output_features": [{"name": "a", "type": "category"}]}, "output_features.0.type"),
        ({"output_features": []}, "no name"),
    ],
)
def test_what_cannot_be_imported(changed: dict[str, Any], found: str, tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match=found):
        ludwig(tmp_path, **changed)
