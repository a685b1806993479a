"""What each of Airflow's programs imports when it reads the plugins folder."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.dags

PLUGINS = Path(__file__).parents[2] / "plugins"
# A plugin, a trigger, or what both ask of Airflow's connections.
LOADED = re.compile(r"\((AirflowPlugin|BaseTrigger|BaseEventTrigger)\)|^def connect_catalog", re.MULTILINE)


def test_programs_import_plugins_and_triggers_and_leave_all_else_to_what_names_it() -> None:
    ignored = set((PLUGINS / ".airflowignore").read_text().splitlines())
    files = {path.name: path.read_text() for path in PLUGINS.glob("*.py")}
    assert {name for name in files if name not in ignored} == {n for n in files if LOADED.search(files[n])}
