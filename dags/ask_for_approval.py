"""The task that asks a person whether a geometry shall serve, and waits without holding anything."""

from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import Param
from airflow.sdk.exceptions import AirflowSkipException
from airflow.sdk.execution_time.hitl import HITLUser, upsert_hitl_detail

from connect_services import beamlines_directory, connect_catalog
from geometry_wait import GeometryWait
from translate_errors import fail_when_permanent

if TYPE_CHECKING:
    from beamloop.records.approval import Answer, Question, Settled

PROMOTE, REJECT = "Promote", "Reject"
REPORT = "report/report.html"


class AskForApproval(HITLOperator):
    """Hands the answer on: the gate's, the rule's, or a person's; skips where there is nothing to decide.

    Airflow's own operator waits in the state *awaiting input*, which only an answer in Airflow ends. This
    one is deferred: Airflow's pages show its question all the same and resume it with the answer, and a
    trigger ends it when somebody decides with `beamloop geometry`. What is answered is carried out by the
    next task: tried again, this one would ask again.

    Parameters
    ----------
    metrology
        Number and name of the metrology whose candidate it is, e.g. [3, "i24 250 mm"].
    """

    template_fields = (*HITLOperator.template_fields, "metrology")

    def __init__(self, *, metrology: Any, **kwargs: Any) -> None:
        # No least length: Airflow asks it of the value that stands there before anybody has answered.
        why = Param("", type="string", title="why", description="The reason; it is kept with the decision.")
        # In place of the DAG's own, which Airflow gives to every task.
        kwargs["params"] = {"why": why}
        super().__init__(subject="Shall this geometry serve?", options=[PROMOTE, REJECT], **kwargs)
        self.metrology = metrology

    @fail_when_permanent
    def execute(self, context: Any) -> dict[str, Any]:
        """Find out what is to be done, and ask where a person has to say."""
        from beamloop.records.approval import Answer, Settled

        geometry_id, found = _considered(int(self.metrology[0]), context["run_id"])
        if isinstance(found, Settled):
            raise AirflowSkipException(found.sentence)
        if isinstance(found, Answer):
            return found.as_json()
        self._ask(context, found, geometry_id)
        wait = GeometryWait(geometry_id, found.until.isoformat(timespec="seconds"))
        self.defer(trigger=wait, method_name="execute_complete")

    def execute_complete(self, context: Any, event: dict[str, Any]) -> dict[str, Any]:
        """Go on when a person has answered, or when there is nothing to answer any more."""
        from beamloop.records.approval import Answer

        if "over" in event:
            raise AirflowSkipException(event["over"])
        why = str((event.get("params_input") or {}).get("why") or "").strip()
        if not why:
            self.log.warning("The answer had no reason, and the decision needs one: asked once more.")
            return self.execute(context)
        answered: Any = super().execute_complete(context, event)
        promote = PROMOTE in answered["chosen_options"]
        return Answer(promote, _name(answered["responded_by_user"]), why).as_json()

    def _ask(self, context: Any, question: "Question", geometry_id: int) -> None:
        upsert_hitl_detail(
            ti_id=context["ti"].id,
            options=self.options,
            subject=question.subject,
            body=f"{question.body}\n\n{_page(geometry_id)}",
            params=self.serialized_params,
            assigned_users=[HITLUser(id=name, name=name) for name in question.approvers],
        )


def _considered(metrology_id: int, dag_run_id: str) -> "tuple[int, Question | Answer | Settled]":
    from beamloop.beamlines.find_rules import geometry_rules_of
    from beamloop.catalog.metrology_results import metrology_result
    from beamloop.geometry.approval import consider
    from beamloop.metrology.ask_again import asked_elsewhere
    from beamloop.records.approval import Settled
    from beamloop.records.metrology import MetrologyId

    with connect_catalog() as catalog:
        with catalog.transaction() as connection:
            result = metrology_result(connection, MetrologyId(metrology_id))
        geometry_id = result.metrology.geometry_id
        if geometry_id is None:
            return 0, Settled(result.metrology.sentence or "There is no candidate.")
        if elsewhere := asked_elsewhere(catalog, result.metrology.metrology_id, dag_run_id):
            return geometry_id, Settled(elsewhere)
        rules = geometry_rules_of(beamlines_directory(), result.metrology.beamline)
        return geometry_id, consider(catalog, geometry_id, rules, result.files.get(REPORT, ""))


def _page(geometry_id: int) -> str:
    """Return a link to the page that shows the residual maps, in Markdown."""
    from airflow.configuration import conf

    from beamloop.notices.links import AirflowPages

    link = AirflowPages(conf.get("api", "base_url", fallback="")).geometry(geometry_id)
    return f"[Residual maps, panel by panel: the page Geometry]({link})" if link else ""


def _name(user: dict[str, str] | None) -> str:
    """Return who answered, as Airflow knows them."""
    if not user:
        return "Airflow"
    return user["name"] if user["name"] == user["id"] else f"{user['name']} ({user['id']})"
