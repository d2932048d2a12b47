"""Arms and test items without a tracking store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.playground.catalogue import Arm, TestItem

__all__ = ["ARMS", "ITEMS", "FakeCatalogue"]


def _arm(number: int, label: str, fields: tuple[str, ...]) -> Arm:
    key = f"{number}" * 32
    details = {"Base model": "embedded:tiny_t5", "Precision": "full", "F1": "57.1"}
    return Arm(key, f"quick / {label}", "quick 2026", label, key, key, details, fields)


ARMS = (
    _arm(1, "question / full / seed 0", ("question",)),
    _arm(2, "question+context / full / seed 0", ("question", "context")),
    _arm(3, "question+context / nf4 / seed 0", ("question", "context")),
)
ITEMS = (
    TestItem("t1", "Where does Ana live?", "Ana lives in Mola.", {}, ("Mola", "in Mola")),
    TestItem("t2", "Who founded Tarn?", "Tarn was founded by Vesh.", {}, ("Vesh",)),
)


class FakeCatalogue:
    """As `Catalogue`, with the same arms and items for ever."""

    preselected: tuple[str, ...] = (ARMS[0].key,)

    def arms(self) -> Mapping[str, Arm]:
        return {arm.key: arm for arm in ARMS}

    def arm(self, key: str) -> Arm | None:
        return self.arms().get(key)

    def run_of(self, key: str) -> str | None:
        return key if key in self.arms() else None

    def test_set(self, keys: Sequence[str]) -> str:
        return "quick 2026" if any(key in self.arms() for key in keys) else ""

    def items(self, keys: Sequence[str], words: str, limit: int = 20) -> tuple[TestItem, ...]:
        return tuple(one for one in ITEMS if words.casefold() in one.question.casefold())[:limit]

    def item(self, keys: Sequence[str], item_id: str) -> TestItem | None:
        return next((one for one in ITEMS if one.id == item_id), None)
