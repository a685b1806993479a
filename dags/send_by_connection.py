"""Send messages by Airflow's connections, where the addresses and passwords of their receivers are."""

import smtplib
from typing import TYPE_CHECKING

from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowException

from beamloop.errors import InvalidInputError, TransientError

if TYPE_CHECKING:
    from beamloop.notices.webhook import WebhookTarget
    from beamloop.records.notification import Notification


class WebhookSender:
    """Posts JSON; see `beamloop.notices.deliver.Sender`."""

    def send(self, notification: "Notification") -> None:
        """Post a message to the address of its connection."""
        from beamloop.notices.webhook import post

        name = notification.address.airflow_connection
        post(_target(name, _connection(name)), notification)


class EmailSender:
    """Sends e-mail through the SMTP provider; see `beamloop.notices.deliver.Sender`."""

    def send(self, notification: "Notification") -> None:
        """Hand a message to the mail server of its connection.

        Raises
        ------
        InvalidInputError
            When Airflow has no such connection.
        TransientError
            When the server does not take it.
        """
        from airflow.providers.smtp.hooks.smtp import SmtpHook

        from beamloop.notices.letter import write_letter

        name = notification.address.airflow_connection
        _connection(name)
        letter = write_letter(notification)
        try:
            with SmtpHook(smtp_conn_id=name) as hook:
                hook.send_email_smtp(
                    to=list(letter.to),
                    subject=letter.subject,
                    html_content=letter.html,
                    custom_headers=letter.headers,
                )
        except (AirflowException, smtplib.SMTPException, OSError, RuntimeError) as error:
            raise TransientError(
                f"The mail server of {name} has not taken the message: {_words(error)}.",
                try_next="Look whether the server runs, and whether the connection has host, port, TLS and "
                "`from_email` right.",
            ) from error


def _words(error: Exception) -> str:
    """Say what a mail server met, without what was said to it: that may hold a password."""
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{type(error).__name__} {error.smtp_code}"
    if isinstance(error, OSError) and error.strerror:
        return f"{type(error).__name__}: {error.strerror}"
    return type(error).__name__


def _connection(name: str) -> Connection:
    try:
        found: Connection = Connection.get(name)
    except AirflowException as error:
        raise InvalidInputError(
            f"Airflow has no connection {name}.",
            try_next="Make it under Admin, Connections, or correct the beamline's file.",
        ) from error
    return found


def _target(name: str, found: Connection) -> "WebhookTarget":
    """Read a connection as Airflow's HTTP provider does, with a path and a bearer token besides."""
    from beamloop.notices.webhook import WebhookTarget

    extra = found.extra_dejson
    host = found.host or ""
    if "://" not in host:
        port = f":{found.port}" if found.port else ""
        host = f"{found.schema or 'https'}://{host}{port}"
    headers = {str(key): str(value) for key, value in extra.get("headers", {}).items()}
    login = (found.login, found.password or "") if found.login else None
    if found.password and not login:
        headers["Authorization"] = f"Bearer {found.password}"
    return WebhookTarget(name, host + str(extra.get("path", "")), headers, login)
