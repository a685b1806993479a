# ruff: noqa: SLF001 - Airflow has no public way to what is changed here
"""Spare every task's process what Airflow 3.3.2 makes anew in it, or makes many times."""

import logging
from functools import wraps


def configure_logs_at_once() -> None:
    """Let a task's process forget the levels of its loggers once when its logs are configured.

    `logging` forgets what it knows of the levels of all loggers whenever one of them gets another; a task's
    process sets some eighty, one after the other: a quarter of what an empty task needs.
    """
    from airflow.sdk.execution_time import supervisor

    configure = supervisor._configure_logs_over_json_channel

    @wraps(configure)
    def configure_at_once(log_fd: int) -> None:
        manager = logging.Logger.manager
        manager._clear_cache = lambda: None  # type: ignore[attr-defined] # of this process, which is the task's
        try:
            configure(log_fd)
        finally:
            del manager._clear_cache  # type: ignore[attr-defined]
            manager._clear_cache()  # type: ignore[attr-defined]

    supervisor._configure_logs_over_json_channel = configure_at_once


def make_for_tasks() -> None:
    """Make what tasks and workers make when they first need it, and keep: certificates, schemas, lexers."""
    from airflow.sdk import DAG, Param
    from airflow.sdk.api import client
    from airflow.sdk.execution_time import task_runner
    from pydantic import JsonValue

    client.Client._get_ssl_context_cached(client.API_SSL_CA_FILE_PATH, client.API_SSL_CERT_PATH)
    # Kept by `lean_executor.share_type_adapters`.
    task_runner.TypeAdapter(JsonValue)  # type: ignore[attr-defined] # imported there
    Param(1, type="integer").resolve()
    for native in (False, True):
        dag = DAG("lexer", schedule=None, render_template_as_native_obj=native)
        dag.get_template_env().from_string("{{ task }}")
