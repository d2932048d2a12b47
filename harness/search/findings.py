"""What the ablation says without any tuning, where its runs are there to be compared.

Shows how much of a verdict is owed to the search; trains nothing.
"""

from __future__ import annotations

from dataclasses import replace

from harness.experiment.tuning import Finding
from harness.preparation import Prepared
from harness.results import cluster_columns
from harness.tracking import Store, find_finished, read_run
from reports.analysis import analyse
from reports.scores import ScoreTable
from reports.sensitivity import finding_of
from reports.study import study_of

__all__ = ["findings_of_finished"]


def findings_of_finished(store: Store, prepared: Prepared) -> tuple[Finding, ...]:
    """The verdicts of a plan whose runs have all finished before; none if some have not.

    Raises
    ------
    TrackingError
        The store failed.
    """
    records = []
    for run in prepared.plan.runs:
        identity = prepared.fingerprints[run.name]
        run_id = find_finished(store, identity)
        if run_id is None:
            return ()
        found = read_run(store, run_id)
        records.append(replace(found, arm=run.arm.name, seed=run.seed, status="reused"))
    study = study_of(prepared.plan)
    table = ScoreTable.from_records(records, study, cluster_columns(records))
    return tuple(finding_of(one) for one in analyse(study, table, records).comparisons)
