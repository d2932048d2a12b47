"""Last section: what it takes to get the same result again."""

from __future__ import annotations

import yaml

from harness.experiment import changed_paths
from harness.metrics import METRICS
from reports.sections.page import Page

__all__ = ["context", "resolved_yaml"]


def context(page: Page) -> dict[str, object]:
    """Short facts, long texts, and the experiment with all defaults filled in."""
    facts = {name: text for name, text in page.provenance.items() if "\n" not in text.strip()}
    texts = {name: text for name, text in page.provenance.items() if "\n" in text.strip()}
    changed = ", ".join(changed_paths(page.plan.arms))
    signatures = {METRICS[m].label: METRICS[m].signature for m in page.table.metrics}
    return {
        "facts": {"Arms differ in": changed or "nothing", **facts},
        "texts": {"Experiment, with all defaults": resolved_yaml(page), **texts},
        "signatures": signatures,
    }


def resolved_yaml(page: Page) -> str:
    """The experiment as YAML that can be run again."""
    tree = page.plan.experiment.model_dump(mode="json", exclude_none=True)
    return yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=100)
