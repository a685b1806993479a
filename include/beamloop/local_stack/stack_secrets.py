"""The passwords and keys of a local stack: random, made once, kept in a file of mode 0600."""

import base64
import json
import secrets
from dataclasses import asdict, dataclass, fields

from beamloop.errors import InvalidInputError
from beamloop.local_stack.layout import StackLayout
from beamloop.local_stack.private_files import write_private


@dataclass(frozen=True, slots=True, repr=False)
class StackSecrets:
    """Every secret of one stack; `repr` is off so that none reaches a log."""

    postgres_password: str  # the cluster's superuser
    airflow_database_password: str
    catalog_password: str
    admin_password: str  # Airflow's user `admin`
    jwt_secret: str
    api_secret_key: str
    fernet_key: str  # encrypts connections in Airflow's database: losing it loses them


def _new_secrets() -> StackSecrets:
    return StackSecrets(
        postgres_password=secrets.token_urlsafe(24),
        airflow_database_password=secrets.token_urlsafe(24),
        catalog_password=secrets.token_urlsafe(24),
        admin_password=secrets.token_urlsafe(9),
        jwt_secret=secrets.token_urlsafe(64),  # HS512 wants 64 bytes
        api_secret_key=secrets.token_urlsafe(32),
        fernet_key=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    )


def load_or_create_secrets(layout: StackLayout) -> StackSecrets:
    """Read the stack's secrets, or make them when there are none.

    Raises
    ------
    InvalidInputError
        When the file is there but cannot be read as secrets: making new ones would lock the databases.
    """
    try:
        text = layout.secrets_file.read_text(encoding="utf-8")
    except FileNotFoundError:
        made = _new_secrets()
        write_private(layout.secrets_file, json.dumps(asdict(made), indent=2))
        return made
    try:
        values = json.loads(text)
        return StackSecrets(**{field.name: str(values[field.name]) for field in fields(StackSecrets)})
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInputError(
            f"{layout.secrets_file} is damaged; the passwords of this stack's databases are in it.",
            evidence=repr(error),
            try_next=f"Restore the file, or move {layout.state} aside to start with an empty stack.",
        ) from error
