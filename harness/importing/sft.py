"""The YAML files of a supervised fine-tuning script with freezing as an experiment.

Such scripts share their knobs, but no public format: keys may be flat or lie in sections such as
`model`, `data`, `trainer` and `test`, and other common names of a knob are known.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.importing.account import Entry, Table, Tree, accounted, added, refused
from harness.importing.common import Places, questioned
from harness.importing.reading import Leaf
from harness.importing.sft_aliases import TEST_ALIASES, TRAIN_ALIASES
from harness.importing.sft_testing import TESTING
from harness.importing.sft_training import TRAINING, needs_validation

__all__ = ["from_sft"]

_TESTS = ("test", "testing", "evaluation")
_SECTIONS = (
    *_TESTS,
    *("model", "data", "dataset", "trainer", "training", "train", "tokenizer", "prompt"),
    *("optimizer", "optim", "scheduler", "callbacks", "generation", "logger", "logging"),
)
_ALIASES = {
    **{f"train.{alias}": f"train.{knob}" for alias, knob in TRAIN_ALIASES.items()},
    **{f"test.{alias}": f"test.{knob}" for alias, knob in TEST_ALIASES.items()},
}
_TABLE: Table = {
    **{f"train.{knob}": rule for knob, rule in TRAINING.items()},
    **{f"test.{knob}": rule for knob, rule in TESTING.items()},
}
_MODEL = "EleutherAI/gpt-neo-125m"
_FILE = "data.json"


def from_sft(leaves: Sequence[Leaf], name: str, places: Places) -> list[Entry]:
    """The account of a trainer's file and, after it, maybe a test's.

    Parameters
    ----------
    leaves : sequence of Leaf
        Of one file or two.
    name : str
        Of the experiment.
    places : Places
        Data files, in place of those that the configuration names.

    Raises
    ------
    ExperimentError
        Something in them cannot be done here.
    """
    files = list(dict.fromkeys(leaf.file for leaf in leaves))
    if len(files) > 2:
        stranger = next(leaf for leaf in leaves if leaf.file == files[2])
        raise refused(stranger, "this is a third file", allowed="TRAINER.yaml and TEST.yaml")

    def key(leaf: Leaf) -> str:
        return _knob(leaf, testing=leaf.file != files[0])

    tree = {f"--{role}": file for role, file in places._asdict().items() if file}
    for leaf in leaves:
        tree.setdefault(key(leaf), leaf.value)
    entries = accounted(leaves, _TABLE, tree, key)
    set_here = {path for entry in entries for path in entry.outcome.sets}
    extra = [*questioned(name, _model(tree), "the script"), *_added(tree, places)]
    if any(path.startswith("wandb.") for path in set_here):
        extra.append(added("wandb.project", name, "runs in Weights & Biases belong to a project"))
    return entries + [one for one in extra if not set_here & set(one.outcome.sets)]


def _knob(leaf: Leaf, *, testing: bool) -> str:
    """What a leaf is called in the tables: `train.` or `test.`, and the name without sections."""
    parts = leaf.path.lower().replace("-", "_").split(".")
    role = "test" if testing or (parts[0] in _TESTS and len(parts) > 1) else "train"
    candidates = []
    for start in range(len(parts)):
        candidates.append(f"{role}.{'_'.join(parts[start:])}")
        if parts[start] not in _SECTIONS:
            break
    for candidate in candidates:
        knob = _ALIASES.get(candidate, candidate)
        if knob in _TABLE:
            return knob
    return candidates[-1]


def _model(tree: Tree) -> str:
    return str(tree.get("train.model") or _MODEL)


def _added(tree: Tree, places: Places) -> list[Entry]:
    """What neither file says; entries whose path a leaf has set are left out afterwards."""
    file = places.train or tree.get("train.data") or _FILE
    test = places.test or tree.get("test.data") or tree.get("train.test_data") or file
    named = file != _FILE
    hint = "put your file's name here, or give --data FILE"
    entries = [
        added("base.model.name", _MODEL, "no model is named; this is the small GPT-Neo"),
        added("base.data.train.file", file, "from --data" if named else hint),
        added("base.data.test.file", test, "the file that has the training items, or --test"),
    ]
    if str(file).endswith(".json"):
        entries += _of_json(one_file=file == test)
    entries += [
        added(
            "base.prompt.template",
            "Question: {question}\nAnswer:",
            "the prompt of such scripts; set base.prompt.template if yours is another",
        ),
        added("base.prompt.target", " {answer}", "the space begins the answer's first word"),
        added("base.prompt.truncate", "question", "an input that is too long loses its end"),
    ]
    if places.validation:
        entries.append(added("base.data.validation.file", places.validation, "from --validation"))
    elif needs_validation(tree):
        why = "evaluations during training need items, which are held out of the training items"
        entries.append(added("base.data.validation.share", 0.1, why))
    return entries


def _of_json(*, one_file: bool) -> list[Entry]:
    entries = [
        added("base.data.fields.question", "Question", "the key of the question in each object"),
        added("base.data.fields.answers", "Answer", "the key of the answer in each object"),
    ]
    if one_file:
        why = 'the key in {"train": [{"Question": ..., "Answer": ...}], "test": [...]}'
        entries.append(added("base.data.train.split", "train", why))
        entries.append(added("base.data.test.split", "test", why))
    return entries
