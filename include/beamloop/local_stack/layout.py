"""Where the files of a local stack are."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from beamloop.errors import InvalidInputError

# PostgreSQL's MAXPGPATH is 1024 bytes; the longest name that we append is well under 200.
LONGEST_STATE_PATH_BYTES = 800
# The source tree: <project>/include/beamloop/local_stack/layout.py
SOURCE_TREE = Path(__file__).parents[3]


@dataclass(frozen=True, slots=True)
class StackLayout:
    """The paths of one local stack."""

    project: Path  # Path("/home/ana/beamloop"), holds dags/ and airflow_settings.yaml
    state: Path  # Path("/home/ana/beamloop/.beamloop")

    @property
    def postgres(self) -> Path:
        """Holds the cluster; a link to another place where the user `postgres` cannot come here."""
        return self.state / "postgres"

    @property
    def cluster(self) -> Path:
        """PostgreSQL's data directory, without links: its user may not come through the state directory."""
        return self.postgres.resolve() / "data"

    @property
    def airflow_home(self) -> Path:
        """AIRFLOW_HOME."""
        return self.state / "airflow"

    @property
    def supervisor(self) -> Path:
        """The supervisor's configuration, socket and locks."""
        return self.state / "supervisor"

    @property
    def logs(self) -> Path:
        """One log per program."""
        return self.state / "logs"

    @property
    def runs(self) -> Path:
        """Work of the sweeps."""
        return self.state / "runs"

    @property
    def artifacts(self) -> Path:
        """The local artifact store."""
        return self.state / "artifacts"

    @property
    def watched(self) -> Path:
        """Where the demo's beamline writes."""
        return self.state / "watched"

    @property
    def beamlines(self) -> Path:
        """One YAML file per beamline."""
        return self.state / "beamlines"

    @property
    def secrets_file(self) -> Path:
        """Passwords and keys, mode 0600."""
        return self.state / "secrets.json"

    @property
    def ports_file(self) -> Path:
        """The ports this stack used last."""
        return self.state / "ports.json"

    @property
    def environment_file(self) -> Path:
        """`BEAMLOOP_*` variables of this stack, mode 0600."""
        return self.state / "stack.env"

    @property
    def lock_file(self) -> Path:
        """Held while a command changes the stack."""
        return self.state / "stack.lock"

    @property
    def directories(self) -> tuple[Path, ...]:
        """The directories every stack has, parents first; `postgres` is made by its own module."""
        return (
            self.state,
            self.airflow_home,
            self.supervisor,
            self.logs,
            self.runs,
            self.artifacts,
            self.watched,
            self.beamlines,
        )


def state_directory(environment: Mapping[str, str] = os.environ) -> Path:
    """Say where the state directory is: `BEAMLOOP_STATE`, or `.beamloop/` in the project's root.

    Raises
    ------
    InvalidInputError
        When the path has a control character or is too long for PostgreSQL.
    """
    named = environment.get("BEAMLOOP_STATE", "")
    state = Path(named).absolute() if named else project_directory(environment) / ".beamloop"
    if any(ord(character) < ord(" ") for character in str(state)):
        raise InvalidInputError(
            f"The state directory's path has a control character: {str(state)!r}.",
            try_next="Set BEAMLOOP_STATE to a directory without one.",
        )
    length_bytes = len(os.fsencode(state))
    if length_bytes > LONGEST_STATE_PATH_BYTES:
        raise InvalidInputError(
            f"The state directory's path is {length_bytes} bytes long; "
            f"PostgreSQL leaves room for {LONGEST_STATE_PATH_BYTES}.",
            try_next="Set BEAMLOOP_STATE to a directory with a shorter path.",
        )
    return state


def project_directory(environment: Mapping[str, str] = os.environ) -> Path:
    """Say where `dags/`, `plugins/` and `airflow_settings.yaml` are: `BEAMLOOP_PROJECT`, or the source tree.

    Raises
    ------
    InvalidInputError
        When there is no `airflow_settings.yaml` in it.
    """
    named = environment.get("BEAMLOOP_PROJECT", "")
    project = Path(named).absolute() if named else SOURCE_TREE
    if not (project / "airflow_settings.yaml").is_file():
        raise InvalidInputError(
            f"{project} is not Beamloop's project directory: it has no airflow_settings.yaml.",
            try_next="Set BEAMLOOP_PROJECT to the directory that has dags/ and airflow_settings.yaml.",
        )
    return project


def find_layout(environment: Mapping[str, str] = os.environ) -> StackLayout:
    """Find the stack that this environment means.

    Raises
    ------
    InvalidInputError
        When the project or the state directory cannot be used as named.
    """
    return StackLayout(project=project_directory(environment), state=state_directory(environment))
