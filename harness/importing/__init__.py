"""Another tool's configuration as an experiment file, with an account of each of its keys.

Reads configurations and writes experiments; runs nothing, and reads no data and no model.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from harness.importing.account import Entry, account_as_text
from harness.importing.common import Places
from harness.importing.ludwig import from_ludwig
from harness.importing.reading import Leaf, read_leaves
from harness.importing.sft import from_sft
from harness.importing.writing import check_free, name_of, text_of, tree_of, write

__all__ = ["IMPORTERS", "Importer", "Places", "account_of", "import_files"]

Importer: TypeAlias = Callable[[Sequence[Leaf], str, Places], list[Entry]]

IMPORTERS: Mapping[str, Importer] = {"ludwig": from_ludwig, "sft": from_sft}
"""From a tool's name to what makes an account of its configuration."""


def account_of(tool: str, files: Sequence[str], name: str, places: Places) -> list[Entry]:
    """What becomes of each leaf of some files.

    Parameters
    ----------
    tool : str
        A name in `IMPORTERS`.
    files : sequence of str
    name : str
        Of the experiment.
    places : Places

    Raises
    ------
    ExperimentError
        A file cannot be read, or something in it cannot be imported.
    """
    leaves = [leaf for file in files for leaf in read_leaves(file)]
    return IMPORTERS[tool](leaves, name, places)


def import_files(
    tool: str, files: Sequence[str], output: str, places: Places, *, force: bool = False
) -> str:
    """Write the experiment file of a tool's configuration, and give the account as text.

    Parameters
    ----------
    tool : str
        A name in `IMPORTERS`.
    files : sequence of str
        One or more YAML files that belong together.
    output : str
        The experiment file.
    places : Places
        Data files.
    force : bool
        Replace a file that exists.

    Raises
    ------
    ExperimentError
        A file cannot be read, or something in it cannot be imported; nothing is written.
    OutputError
        The experiment file exists, or cannot be written.
    """
    target = Path(output)
    check_free(target, force=force)
    entries = account_of(tool, files, name_of(target), places)
    tree = tree_of(entries)
    flags = {"-o": output, "--data": places.train, "--test": places.test}
    flags["--validation"] = places.validation
    given = [part for flag, value in flags.items() if value for part in (flag, value)]
    command = shlex.join(["harness", "import", tool, *files, *given])
    header = [
        f"Made by `{command}`; each line says where it comes from.",
        "The same command with --force tells again what was changed and what has no counterpart.",
        f"Next: harness plan {output}",
    ]
    write(target, text_of(tree, entries, header))
    return f"{account_as_text(entries)}\n\nwritten to {output}; next: harness plan {output}"
