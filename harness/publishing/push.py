"""`harness push`: a trained arm with its model card to the Hub, or shown as it would go.

Composes: what is known of the run, the card, the folder, the upload; each is elsewhere.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from harness.arm_settings import ArmSettings
from harness.errors import TrackingError
from harness.experiment.data import Data
from harness.experiment.plan import RunSpec
from harness.experiment.section import EMBEDDED_PREFIX
from harness.models.restoring import is_adapter
from harness.models.saving import UNTRAINED_FILE
from harness.publishing.card import CardFacts, model_card
from harness.publishing.staging import check_private, stage
from harness.publishing.uploading import check_repo_id, token_of_environment, upload
from harness.reporting import plan_of_stored
from harness.results import cluster_columns
from harness.tracking import load_ablation, open_store
from harness.tracking.trained import TrainedRun, find_trained, model_folder
from harness.trained import identity_of, spec_of

if TYPE_CHECKING:
    from harness.tracking import Store

__all__ = ["Pushing", "push"]

OWN = "apache-2.0"
"""Of the embedded data set and base model."""


@dataclass(frozen=True)
class Pushing:
    """What is asked of an upload.

    Attributes
    ----------
    run : str
        As for `harness.tracking.trained.find_trained`.
    repo_id : str
        `OWNER/NAME`.
    public, dry_run : bool
        Whether anybody may see it, and whether it is only shown.
    revision : str or None
        A branch of the repository.
    licenses : mapping of str to str
        For `model`, `base` and `data`, as far as they are given.
    base_name : str or None
        The base's name on the Hub, where the run used a local copy.
    tracking_uri : str or None
    """

    run: str
    repo_id: str
    public: bool = False
    dry_run: bool = False
    revision: str | None = None
    licenses: Mapping[str, str] | None = None
    base_name: str | None = None
    tracking_uri: str | None = None


def push(asked: Pushing) -> int:
    """Upload a trained arm, or show what would be uploaded.

    Returns
    -------
    int
        0.

    Raises
    ------
    InputError
        There is no such run or no token, something private would be uploaded, or the Hub refuses.
    """
    check_repo_id(asked.repo_id)
    if asked.base_name:
        check_repo_id(asked.base_name)
    token = None if asked.dry_run else token_of_environment()
    store = open_store(asked.tracking_uri, must_exist=True)
    run = find_trained(store, asked.run)
    spec = spec_of(run)
    with (
        model_folder(store, run) as trained,
        tempfile.TemporaryDirectory(prefix="harness-push-") as place,
    ):
        if (trained / UNTRAINED_FILE).is_file():
            raise TrackingError(
                "this arm is the base model as it is: it has nothing trained to upload",
                where=store.where,
                got=f"{run.ablation.name} / {run.name}",
                fix="name an arm that was trained",
            )
        folder = Path(place)
        settings, base = _settings(run, spec, asked)
        stage(trained, folder, settings, base)
        facts = _facts(store, run, spec, asked, settings, base, trained)
        card = model_card(facts)
        (folder / "README.md").write_text(card, encoding="utf-8")
        check_private(folder, [token or ""], [spec.arm.config.model.name, str(trained)])
        if token is None:
            print(_shown(folder, asked, card))
            return 0
        print(f"uploading {asked.repo_id}", file=sys.stderr)
        address = upload(
            folder,
            asked.repo_id,
            token,
            public=asked.public,
            revision=asked.revision,
            message=f"{run.ablation.experiment['name']}: {run.name}",
        )
    print(address)
    return 0


def _settings(run: TrainedRun, spec: RunSpec, asked: Pushing) -> tuple[ArmSettings, str | None]:
    """What the arm is asked with, without local paths; and the base's name on the Hub."""
    config, identity = spec.arm.config, identity_of(run) or ""
    name, _, commit = identity.partition("@")
    hub = bool(commit)
    base = asked.base_name or (name if hub else None)
    public = base or _label(config.model.name)
    place = {"name": public, "revision": commit.split("/")[0] if hub and base == name else None}
    if not hub:
        place["gguf_file"] = None
    settings = ArmSettings(
        model=config.model.model_copy(update=place),
        prompt=config.prompt,
        generation=config.generation,
        seed=spec.seed,
        fields=config.data.fields,
    )
    return settings, base


def _facts(
    store: Store,
    run: TrainedRun,
    spec: RunSpec,
    asked: Pushing,
    settings: ArmSettings,
    base: str | None,
    trained: Path,
) -> CardFacts:
    from reports.analysis import analyse
    from reports.arms import arm_means
    from reports.build import verdict_lines
    from reports.scores import ScoreTable
    from reports.study import study_of

    stored = load_ablation(store, run.ablation.run_id)
    study = study_of(plan_of_stored(stored), stored.history, stored.background, stored.tuning)
    names = cluster_columns(stored.records)
    table = ScoreTable.from_records(stored.records, study, names)
    analysis = analyse(study, table, stored.records)
    own = next(one for one in stored.records if one.run_id == run.run_id)
    data, level = spec.arm.config.data, 1 - study.alpha
    return CardFacts(
        repo_id=asked.repo_id,
        revision=asked.revision,
        adapter=is_adapter(trained),
        encoder_decoder=_is_encoder_decoder(spec, trained),
        run_id=run.run_id,
        fingerprint=own.fingerprint,
        arm=run.arm,
        seed=run.seed,
        experiment=study.name,
        question=study.question,
        settings=settings,
        training=spec.arm.config.training.model_dump(mode="json"),
        base=base,
        base_label=settings.model.name,
        data_label=_data_label(data),
        datasets=_datasets(data),
        licenses={**_known_licenses(spec, base), **(asked.licenses or {})},
        own=own.metrics,
        means={metric: arm_means(table, metric, level) for metric in table.metrics},
        level=level,
        n_items=len(table.items),
        cluster_names=tuple(names),
        verdicts=tuple(verdict_lines(analysis)),
        warnings=analysis.warnings,
    )


def _known_licenses(spec: RunSpec, base: str | None) -> dict[str, str]:
    """The one on the base's own card, and `OWN` for what comes with the project."""
    places = {"base": spec.arm.config.model.name, "data": spec.arm.config.data.source or ""}
    own = {part: OWN for part, place in places.items() if place.startswith(EMBEDDED_PREFIX)}
    return _base_license(spec, base) | own


def _base_license(spec: RunSpec, base: str | None) -> dict[str, str]:
    """The licence on the base's own card, if that is on this machine."""
    from huggingface_hub import ModelCard, try_to_load_from_cache

    local = Path(spec.arm.config.model.name).expanduser() / "README.md"
    cached = try_to_load_from_cache(base, "README.md") if base else None
    path = local if local.is_file() else cached
    if not isinstance(path, str | Path):
        return {}
    try:
        found = ModelCard.load(path).data.license
    except (OSError, ValueError, TypeError, yaml.YAMLError):  # a card without proper front matter
        found = None
    return {"base": found} if isinstance(found, str) else {}


def _is_encoder_decoder(spec: RunSpec, trained: Path) -> bool:
    """By the adapter's task or the model's architecture, without loading weights."""
    if is_adapter(trained):
        tree = json.loads((trained / "adapter_config.json").read_text(encoding="utf-8"))
        return bool(tree.get("task_type") == "SEQ_2_SEQ_LM")
    tree = json.loads((trained / "config.json").read_text(encoding="utf-8"))
    return bool(tree.get("is_encoder_decoder"))


def _label(name: str) -> str:
    """A model's or file's name for people, without the folders that it lies in."""
    return name if name.startswith(EMBEDDED_PREFIX) else Path(name).name


def _data_label(data: Data) -> str:
    files = [place.file for place in (data.train, data.test) if place.file]
    names = [data.source] if data.source and len(files) < 2 else []
    if data.config and names:
        names[0] = f"{names[0]} ({data.config})"
    return ", ".join([*map(str, names), *(Path(file).name for file in dict.fromkeys(files))])


def _datasets(data: Data) -> tuple[str, ...]:
    """Names on the Hub: not those of files or folders, or of what the package brings along."""
    source = data.source
    splits = data.train.file is None or data.test.file is None
    local = (
        source is None or source.startswith(EMBEDDED_PREFIX) or Path(source).expanduser().exists()
    )
    return () if local or not splits else (str(source),)


def _shown(folder: Path, asked: Pushing, card: str) -> str:
    """What would go: files with sizes, then the card."""
    files = sorted(path for path in folder.iterdir())
    sizes = [path.stat().st_size for path in files]
    where = f"branch {asked.revision}" if asked.revision else "the main branch"
    return "\n".join(
        [
            f"dry run: nothing is sent. To {asked.repo_id}, {where},"
            f" {'public' if asked.public else 'private'}, would go",
            *(f"{size:>14,} bytes  {path.name}" for size, path in zip(sizes, files, strict=True)),
            f"{sum(sizes):>14,} bytes  in {len(files)} files",
            "",
            "README.md:",
            "",
            card,
        ]
    )
