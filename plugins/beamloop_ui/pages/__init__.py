"""The pages, a module each: one route for the HTML, and the endpoints of its script."""

from beamloop_ui.pages.actions import router as actions
from beamloop_ui.pages.collection import router as collection
from beamloop_ui.pages.collections_list import router as collections_list
from beamloop_ui.pages.crystal_actions import router as crystal_actions
from beamloop_ui.pages.drift import router as drift
from beamloop_ui.pages.failures import router as failures
from beamloop_ui.pages.from_airflow import router as from_airflow
from beamloop_ui.pages.geometry import router as geometry
from beamloop_ui.pages.geometry_actions import router as geometry_actions
from beamloop_ui.pages.group import router as group
from beamloop_ui.pages.group_results import router as group_results
from beamloop_ui.pages.messages import router as messages
from beamloop_ui.pages.now import router as now
from beamloop_ui.pages.sweep import router as sweep

# The app serves these; a new page adds its router here.
ROUTERS = (
    now, sweep, failures, actions, collections_list, collection, crystal_actions, group, group_results,
    geometry, geometry_actions, drift, messages, from_airflow,
)  # fmt: skip
