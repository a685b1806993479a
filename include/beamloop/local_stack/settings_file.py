"""`airflow_settings.yaml`, in the schema of the Astro CLI, checked before anything is done with it."""

from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from beamloop.errors import InvalidInputError


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class ConnectionEntry(_Entry):
    """One connection."""

    conn_id: str = Field(min_length=1, pattern=r"^[\w.-]+$")  # "beamloop_catalog"
    conn_type: str = ""  # "postgres"
    conn_host: str = ""
    conn_schema: str = ""  # for PostgreSQL the database
    conn_login: str = ""
    conn_password: str = Field(default="", repr=False)
    conn_port: int = Field(default=0, ge=0, le=65535)  # 0: none
    conn_uri: str = Field(default="", repr=False)
    conn_extra: dict[str, Any] | str = ""  # {"path": "/srv/artifacts"}

    @model_validator(mode="after")
    def _has_a_type(self) -> Self:
        if not self.conn_type and not self.conn_uri:
            raise ValueError("conn_type or conn_uri is required")
        return self


class PoolEntry(_Entry):
    """One pool; a slot of 0 means that the entry is skipped."""

    pool_name: str = Field(min_length=1, max_length=256)
    pool_slot: int = Field(default=0, ge=-1)  # -1: without limit
    pool_description: str = ""


class VariableEntry(_Entry):
    """One variable; an empty value means that the entry is skipped."""

    variable_name: str = Field(min_length=1, max_length=250)
    variable_value: str = ""


class AirflowEntries(_Entry):
    """The connections, pools and variables of an Airflow."""

    connections: list[ConnectionEntry] = []
    pools: list[PoolEntry] = []
    variables: list[VariableEntry] = []


class SettingsFile(_Entry):
    """The whole file."""

    airflow: AirflowEntries


def read_settings_file(path: Path) -> AirflowEntries:
    """Read and check `airflow_settings.yaml`.

    Raises
    ------
    InvalidInputError
        When it cannot be read or an entry is wrong; names file, entry, field and fault.
    """
    try:
        return SettingsFile.model_validate(yaml.safe_load(path.read_text(encoding="utf-8"))).airflow
    except OSError as error:
        raise InvalidInputError(
            f"{path} cannot be read.",
            evidence=str(error),
            try_next="Bring it back from the project, and let the user who starts the stack read it.",
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InvalidInputError(
            f"{path} is not YAML.", evidence=str(error), try_next="Mend the line that the message names."
        ) from error
    except ValidationError as error:
        raise InvalidInputError(
            f"{path} has {error.error_count()} fault(s):\n{_faults(error)}",
            try_next="Mend the fields; the schema is that of the Astro CLI's airflow_settings.yaml.",
        ) from error


def _faults(error: ValidationError) -> str:
    """Write one line per fault: "airflow, connections, entry 2, conn_type: ..."."""
    return "\n".join(
        "  "
        + ", ".join(f"entry {part + 1}" if isinstance(part, int) else part for part in fault["loc"])
        + f": {fault['msg']}"
        for fault in error.errors(include_url=False, include_input=False)
    )
