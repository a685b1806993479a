"""Who lets a candidate serve: the gate first, then a person or the beamline's rule; docs/decisions/0024."""

from datetime import UTC, datetime

from beamloop.beamlines.geometry_rules import GeometryRules
from beamloop.catalog import geometry as versions
from beamloop.catalog.connection import Catalog, Connection
from beamloop.catalog.geometry_decisions import decisions_on
from beamloop.catalog.geometry_questions import put_question
from beamloop.errors import InvalidInputError
from beamloop.geometry import registry
from beamloop.geometry.gate import faults
from beamloop.geometry.question import pose_question
from beamloop.records.approval import Answer, Question, Settled
from beamloop.records.geometry import GeometryId, GeometryState, GeometryVersion

BY_RULE = "refine_metrology"
BY_RULE_WHY = "It passes the gate, and the beamline's file has approval: automatic."
DAY_S = 86400.0


def consider(
    catalog: Catalog, geometry_id: GeometryId, rules: GeometryRules, report: str
) -> Question | Answer | Settled:
    """Find out what is to be done with a candidate.

    What falls short of the gate is rejected without a question: promotion would refuse it whoever asked, and
    a question with one answer teaches people to click. What passes is a person's to decide, unless the
    beamline's file says otherwise.

    Parameters
    ----------
    catalog
        The catalogue.
    geometry_id
        The candidate.
    rules
        The beamline's.
    report
        Where its report is, in words for people; "" where there is none.

    Returns
    -------
    Question, Answer or Settled
        A question to a person; the answer that the gate or the beamline's rule gives; or why there is nothing
        to decide.

    Raises
    ------
    NotFoundError
        When there is no such version.
    """
    with catalog.transaction() as connection:
        version = versions.geometry_by_id(connection, geometry_id)
        over = _over(connection, version)
        if over:
            return Settled(over)
        found = faults(version, rules.gate())
        if found:
            return Answer(False, BY_RULE, f"It does not pass the gate. {' '.join(found)}")
        if rules.approval == "automatic":
            return Answer(True, BY_RULE, BY_RULE_WHY)
        return _question(connection, version, rules, report)


def _question(
    connection: Connection, version: GeometryVersion, rules: GeometryRules, report: str
) -> Question:
    """Put the question, and keep that it is put: people are told, and it is asked again where it is lost."""
    number = version.geometry_id
    until = put_question(connection, number, wait_s=rules.approval_days * DAY_S, approvers=rules.approvers)
    serving_id = versions.geometry_in_force(connection, version.beamline, datetime.now(UTC))
    waiting = versions.candidates_beside(connection, number)
    subject, body = pose_question(version, serving_id, waiting, report)
    return Question(subject, body, tuple(rules.approvers), until)


def why_over(catalog: Catalog, geometry_id: GeometryId) -> str:
    """Say why nobody needs to decide on a candidate any more; "" while somebody does.

    Raises
    ------
    NotFoundError
        When there is no such version.
    CatalogUnavailableError
        When the database does not answer.
    """
    with catalog.transaction() as connection:
        return _over(connection, versions.geometry_by_id(connection, geometry_id))


def _over(connection: Connection, version: GeometryVersion) -> str:
    number = version.geometry_id
    if version.state is not GeometryState.CANDIDATE:
        last = decisions_on(connection, number)[-1]
        return f"Geometry {number} is {version.state.value}: {last.decision} by {last.decided_by}: {last.why}"
    newer = versions.newer_geometry_serving(connection, number)
    if newer is not None:
        return (
            f"Geometry {newer}, made later for the same detector, serves. Geometry {number} stays a "
            f"candidate; `beamloop geometry promote {number}` would still let it serve."
        )
    return ""


def carry_out(
    catalog: Catalog, geometry_id: GeometryId, answer: Answer, rules: GeometryRules, at: datetime
) -> GeometryVersion:
    """Promote or reject a candidate as it was answered.

    A promotion lets it serve the data collected from now on: nothing that exists becomes stale by it.
    `beamloop geometry promote --from` lets a version serve older data.

    Parameters
    ----------
    catalog
        The catalogue.
    geometry_id
        The candidate.
    answer
        What to do, who says so, and why.
    rules
        The beamline's; its gate is asked again.
    at
        Time of the first data that it serves, UTC.

    Returns
    -------
    GeometryVersion
        As it stands now. Where somebody else has decided meanwhile, or this answer was carried out before,
        nothing is changed.

    Raises
    ------
    InvalidInputError
        When it falls short of the gate by now.
    """
    try:
        if not answer.promote:
            return registry.reject(catalog, geometry_id, by=answer.by, why=answer.why)
        return registry.promote(
            catalog,
            geometry_id,
            lambda _: rules.gate(),
            since=at,
            by=answer.by,
            why=answer.why,
            only_candidate=True,
        )
    except InvalidInputError:
        with catalog.transaction() as connection:
            version = versions.geometry_by_id(connection, geometry_id)
        if version.state is GeometryState.CANDIDATE:
            raise
        return version
