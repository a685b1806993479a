"""The Beamloop pages, in Airflow's navigation and as tabs of its DAG runs and tasks.

Every component of Airflow loads its plugins; only the api-server asks for `fastapi_apps`. The pages are
imported then, so that a scheduler or a task does not pay for them.
"""

from functools import cached_property
from typing import Any

from airflow.plugins_manager import AirflowPlugin

CATEGORY = "Beamloop"
PREFIX = "/beamloop"


def _in_navigation(name: str, page: str) -> dict[str, str]:
    # Without a leading slash: below the address that Airflow is served at, whatever that is.
    return {
        "name": name,
        "href": f"beamloop/{page}",
        "url_route": f"beamloop-{page}",
        "destination": "nav",
        "category": CATEGORY,
    }


class BeamloopPages(AirflowPlugin):
    """Pages of Beamloop."""

    name = "beamloop_pages"
    external_views = [  # noqa: RUF012  # an attribute of each plugin, as Airflow declares it
        _in_navigation("Now", "now"),
        _in_navigation("Collections", "collections"),
        _in_navigation("Groups", "groups"),
        _in_navigation("Geometry", "geometry"),
        _in_navigation("Failures", "failures"),
        {
            "name": "Beamloop",
            "href": "beamloop/from-airflow?dag_id={DAG_ID}&dag_run_id={RUN_ID}",
            "url_route": "beamloop-dag-run",
            "destination": "dag_run",
        },
        {
            "name": "Beamloop",
            "href": "beamloop/from-airflow?dag_id={DAG_ID}&dag_run_id={RUN_ID}&task_id={TASK_ID}"
            "&map_index={MAP_INDEX}",
            "url_route": "beamloop-task",
            "destination": "task_instance",
        },
    ]

    @cached_property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """The app that serves the pages."""
        from beamloop_ui.app import make_app

        return [{"app": make_app(), "url_prefix": PREFIX, "name": "Beamloop pages"}]
