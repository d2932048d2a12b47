"""The predictions that SQuAD's official evaluation script reads: one JSON object, id to answer.

References
----------
Rajpurkar et al. 2016, SQuAD: 100,000+ questions for machine comprehension of text
(arXiv 1606.05250); Rajpurkar et al. 2018 for "" as no answer (arXiv 1806.03822).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from harness.predictions.answers import Found, Row
from harness.predictions.source import Source

__all__ = ["squad_predictions"]

_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"(\s*:)?')


def squad_predictions(source: Source) -> Found | None:
    """Rows of an object whose first value is no list or object; None for any other file.

    The first value alone decides, so that one wrong value further down is named with its line.
    """
    tree = source.tree
    if not isinstance(tree, dict) or "data" in tree:  # `data`: the questions themselves
        return None
    if isinstance(next(iter(tree.values()), None), list | dict):
        return None
    # As pairs, since in an object a repeated id would have replaced the first one.
    pairs = json.loads(source.text, object_pairs_hook=list)
    lines = _key_lines(source.text)
    return Found(
        [
            Row(f"{source.path}, line {line}", key, value if isinstance(value, str) else tree[key])
            for (key, value), line in zip(pairs, lines, strict=False)
        ]
    )


def _key_lines(text: str) -> Iterator[int]:
    """The line of every key, in order.

    Keys of nested objects are among them; a nested object is an error before they matter.
    """
    line, last = 1, 0
    for match in _STRING.finditer(text):
        if match[1]:
            line += text.count("\n", last, match.start())
            last = match.start()
            yield line
