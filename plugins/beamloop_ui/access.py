"""Who may see the pages and who may act: Airflow's own login and rights, asked for each request.

Seeing takes the right to see the DAG `process_collection`; an action takes the right to start runs of the DAG
that carries it out. With Airflow's simple roles a viewer sees, and a user acts.
"""

from typing import Annotated, Any

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag
from fastapi import Depends

from beamloop_ui.same_origin import require_own_page

PROCESSING_DAG = "process_collection"
CHECK_DAG = "check_isomorphism"
METROLOGY_DAG = "refine_metrology"
JOINT_DAG = "refine_joint"
MERGE_DAG = "merge_group"


def may_see() -> Any:
    """Return the dependency that refuses (401, 403) who may not see the pages."""
    return Depends(requires_access_dag("GET", param_dag_id=PROCESSING_DAG))


def may_act(dag_id: str) -> list[Any]:
    """Return the dependencies of an action: the right to start runs of a DAG, and a request of our own page.

    Parameters
    ----------
    dag_id
        The DAG that carries the action out, e.g. "check_isomorphism".
    """
    return [Depends(requires_access_dag("POST", DagAccessEntity.RUN, dag_id)), Depends(require_own_page)]


def may_user_act(user: Any, dag_id: str) -> bool:
    """Tell whether a user may start runs of a DAG: which buttons a page shows, never what is allowed."""
    return bool(
        get_auth_manager().is_authorized_dag(
            method="POST", access_entity=DagAccessEntity.RUN, details=DagDetails(id=dag_id), user=user
        )
    )


def _name(user: GetUserDep) -> str:
    return str(user.get_name())


# The user who sends a request, as Airflow has authenticated them.
User = GetUserDep
# Their name, for what is recorded with an action.
UserName = Annotated[str, Depends(_name)]
