"""Do one step of one metrology, exactly once, whatever is killed when."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from beamloop.catalog.metrology import (
    artifacts_of_metrology_step,
    fail_metrology,
    load_metrology,
    note_metrology_trouble,
    record_metrology_step,
    start_metrology,
)
from beamloop.metrology import choose, evidence, index_sweeps, refine, write_report
from beamloop.metrology.work import REPORTS, MetrologyFinding, MetrologyWork
from beamloop.records.metrology import (
    METROLOGY_STEPS,
    Metrology,
    MetrologyId,
    MetrologyState,
    MetrologyStepReport,
)
from beamloop.services import Services
from beamloop.steps.once import do_once
from beamloop.steps.stage import Stage, Step, StepOrder

log = logging.getLogger(__name__)

PERFORM: dict[str, Callable[[MetrologyWork], MetrologyFinding]] = {
    "choose": choose.perform,
    "index": index_sweeps.perform,
    "refine": refine.perform,
    "evidence": evidence.perform,
    "report": write_report.perform,
}
STAGE = Stage(
    kind="Metrology",
    reports=REPORTS,
    record=record_metrology_step,
    note_trouble=note_metrology_trouble,
    fail=fail_metrology,
    order=StepOrder(METROLOGY_STEPS, artifacts_of_metrology_step, "this metrology"),
    lock="metrology",  # the steps share the fetched inputs
)


def run_metrology_step(services: Services, metrology_id: MetrologyId, step: str) -> Metrology:
    """Do a step, or take up what is left of it, or find that it is done.

    Parameters
    ----------
    services
        Catalogue, store, DIALS, and where to work.
    metrology_id
        The metrology.
    step
        One of :data:`beamloop.records.metrology.METROLOGY_STEPS`.

    Returns
    -------
    Metrology
        As it is afterwards; a state other than waiting means that it has ended. The candidate is in the
        registry when the step evidence has been done.

    Raises
    ------
    TransientError
        When store, database or disk are in the way; the metrology keeps the words.
    PermanentError
        When a person is needed.
    """
    with services.catalog.transaction() as connection:
        metrology = load_metrology(connection, metrology_id)
        if metrology.state is not MetrologyState.WAITING or step in metrology.steps_done:
            return metrology
        start_metrology(connection, metrology_id)
    report = do_once(
        services,
        STAGE,
        Step(metrology_id, metrology.place, step),
        lambda staging: _perform(services, metrology, step, staging),
    )
    log.info("%s %s: %s", metrology.name, step, report.finding)
    with services.catalog.transaction() as connection:
        return load_metrology(connection, metrology_id)


def _perform(services: Services, metrology: Metrology, step: str, staging: Path) -> MetrologyStepReport:
    directory = services.run_root / metrology.place
    started_at = datetime.now(UTC)
    finding = PERFORM[step](MetrologyWork(step, directory, staging, metrology, services))
    return MetrologyStepReport(
        step=step,
        started_at=started_at,
        ended_at=datetime.now(UTC),
        finding=finding.text,
        outcome=finding.outcome,
        state=finding.state,
        sentence=finding.sentence,
        detector=finding.detector,
        choices=finding.choices,
        geometry=finding.geometry,
        programs=finding.programs,
    )
