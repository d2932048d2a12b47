"""Make squad_cases.json.gz and squad_dev.json.gz: what the official SQuAD evaluation gives.

Not part of the tests and not needed by them: it needs two old packages that do not go with this
project's own requirements, so run it in an environment of its own::

    python -m venv golden-env
    golden-env/bin/pip install transformers==4.57.1
    golden-env/bin/pip install --no-deps allennlp==0.9.0
    golden-env/bin/python tests/golden/make_squad.py ../shared/data/squad

Oracles: v1.1 is the official script that allennlp 0.9.0 ships (``allennlp/tools/squad_eval.py``);
v2.0 is ``transformers.data.metrics.squad_metrics.get_raw_scores`` of transformers 4.57.1.

``squad_cases`` is self-contained: invented strings, every one against every one, and some with
several references. ``squad_dev`` holds perturbed answers to the questions of the SQuAD samples
(CC BY-SA 4.0, Rajpurkar et al. 2016, 2018) and their scores; the references stay in the samples.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import string
import sys
from importlib.metadata import distribution, version
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType, SimpleNamespace

STRINGS = [
    *(
        "",
        " ",
        "\t\n",
        "the",
        "The",
        "a an the",
        "A.",
        "...",
        "?!",
        "-",
        "–",
        "’",
        "«»",
        "«the»",
        "« »",
        "。",
    ),
    *("cat", "Cat", "the cat", "The  Cat!", "cat the", "a cat, the cat", "cat cat", "cats"),
    *(
        "theatre",
        "a-b",
        "a b",
        "ab",
        "the-end",
        "the end",
        "end",
        "an.other",
        "another",
        "an other",
    ),
    *(
        "twenty-one",
        "twenty one",
        "twentyone",
        "21",
        "2.1",
        "2,100",
        "$2,100",
        "£2,100",
        "50%",
        "½",
    ),
    *(
        "École",
        "école",
        "ECOLE",
        "e\u0301cole",
        "Ångström",
        "Å",
        "İstanbul",
        "istanbul",
        "ﬁsh",
        "fish",
    ),
    *(
        "straße",
        "STRASSE",
        "ΣΊΣΥΦΟΣ",
        "σίσυφος",
        "北京",
        "北京 大学",
        "北京大学",
        "Москва",
        "🙂",
        "🙂 the 🙂",
    ),
    *("no\u00a0break", "no break", "zero\u200bwidth", "zerowidth", "line\u2028end", "line end"),
    *("in the year 1066", "1066", "year 1066 in", "the year 1066", "in 1066 1066", "x a x an x"),
    *(
        "U.S.",
        "US",
        "us",
        "u s",
        "don't",
        "dont",
        "don’t",
        "C++",
        "C",
        "a_b",
        "a/b",
        "O'Neill's the",
    ),
]


def official_v1(prediction: str, references: list[str], script: ModuleType) -> tuple[float, float]:
    best = script.metric_max_over_ground_truths
    return (
        float(best(script.exact_match_score, prediction, references)),
        float(best(script.f1_score, prediction, references)),
    )


def official_v2(
    predictions: list[str], references: list[list[str]]
) -> tuple[list[float], list[float]]:
    from transformers.data.metrics.squad_metrics import get_raw_scores

    examples = [
        SimpleNamespace(qas_id=i, answers=[{"text": text} for text in golds])
        for i, golds in enumerate(references)
    ]
    em, f1 = get_raw_scores(examples, dict(enumerate(predictions)))
    order = range(len(predictions))
    return [float(em[i]) for i in order], [float(f1[i]) for i in order]


def official(
    predictions: list[str], references: list[list[str]], script: ModuleType
) -> dict[str, list[float]]:
    """EM and F1 of each item, 0-1; v2.0 where an item has no reference."""
    if all(references):
        pairs = [official_v1(p, r, script) for p, r in zip(predictions, references, strict=True)]
        return {"em": [em for em, _ in pairs], "f1": [f1 for _, f1 in pairs]}
    em, f1 = official_v2(predictions, references)
    return {"em": em, "f1": f1}


def v1_script() -> ModuleType:
    """The official script, by its path: importing allennlp itself would need old torch."""
    path = distribution("allennlp").locate_file("allennlp/tools/squad_eval.py")
    spec = spec_from_file_location("squad_eval", str(path))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def invented(rng: random.Random) -> tuple[list[str], list[list[str]]]:
    items = [(p, [r]) for p in STRINGS for r in STRINGS]
    items += [(rng.choice(STRINGS), rng.choices(STRINGS, k=rng.randint(2, 5))) for _ in range(1500)]
    return [p for p, _ in items], [r for _, r in items]


def perturbed(golds: list[str], others: list[str], rng: random.Random) -> str:
    """A wrong, half-right or differently written answer."""
    text = rng.choice(golds) if golds else rng.choice([*others, "", "", "the", "."])
    for _ in range(rng.randint(0, 2)):
        words = text.split()
        at = rng.randint(0, len(words))
        text = rng.choice(
            [
                text.upper(),
                text.title(),
                f"the {text}",
                f"{text}.",
                text.replace(" ", "-"),
                text.replace(" ", f"{rng.choice(string.punctuation)} "),
                text.replace(" ", " \u00a0 "),
                text.replace("e", "é", 1),
                " ".join([*words[:at], *words[at + 1 :]]),
                " ".join(
                    [*words[:at], rng.choice(["an", "of", "Of", "–", "x", *words]), *words[at:]]
                ),
                " ".join(rng.sample(words, len(words))),
                rng.choice(others),
                f"{text} {rng.choice(others)}",
                "",
            ]
        )
    return text


def read(path: Path) -> list[list[str]]:
    return [
        [answer["text"] for answer in question["answers"]]
        for article in json.loads(path.read_bytes())["data"]
        for paragraph in article["paragraphs"]
        for question in paragraph["qas"]
    ]


def compact(scores: dict[str, list[float]]) -> dict[str, object]:
    """F1 as indices into its few distinct values."""
    values = sorted(set(scores["f1"]))
    index = {value: i for i, value in enumerate(values)}
    return {
        "em": "".join(str(int(em)) for em in scores["em"]),
        "f1_values": values,
        "f1": [index[value] for value in scores["f1"]],
    }


def write(name: str, content: dict[str, object]) -> None:
    made_by = {package: version(package) for package in ("allennlp", "transformers")}
    text = json.dumps({"made_by": made_by, **content}, separators=(",", ":"), sort_keys=True)
    path = Path(__file__).with_name(name)
    path.write_bytes(gzip.compress(text.encode(), mtime=0))
    print(path.name, path.stat().st_size, "bytes")


def main(data: Path) -> None:
    script, rng = v1_script(), random.Random(20240613)
    predictions, references = invented(rng)
    write(
        "squad_cases.json.gz",
        {
            "strings": STRINGS,
            "predictions": [STRINGS.index(p) for p in predictions],
            "references": [[STRINGS.index(r) for r in golds] for golds in references],
            "v1.1": compact(official(predictions, references, script)),
            # The same items with an unanswerable one before them.
            "v2.0": compact(official(["", *predictions], [[], *references], script)),
        },
    )
    dev: dict[str, object] = {}
    for name, repeats in (("dev-v1.1-sample.json", 2), ("dev-v2.0-sample.json", 3)):
        references = read(data / name) * repeats
        others = sorted({text for golds in references for text in golds})
        predictions = [perturbed(golds, others, rng) for golds in references]
        dev[name] = {
            "data_sha256": hashlib.sha256((data / name).read_bytes()).hexdigest(),
            "predictions": predictions,
            **compact(official(predictions, references, script)),
        }
    write("squad_dev.json.gz", dev)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
