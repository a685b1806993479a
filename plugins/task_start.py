# ruff: noqa: SLF001 - Airflow has no public way to what is changed here
"""Spare every task's process what Airflow 3.3.2 makes anew in it, or makes many times."""

import importlib
import logging
from contextlib import suppress
from functools import wraps
from typing import Any

# What the process of every task imports, and what every step of a sweep does: once, before the workers are
# forked. Great Expectations costs more than the check of isomorphism that it is imported for.
IN_EVERY_TASK = (
    "airflow.dag_processing.bundles.local",
    "airflow.dag_processing.dagbag",
    "airflow.providers.standard.decorators.python",
    "airflow.providers.standard.operators.trigger_dagrun",
    "airflow.sdk.definitions.asset.metadata",
    "airflow.sdk.definitions.decorators",
    "airflow.sdk.execution_time.cache",
    "airflow.sdk.execution_time.callback_runner",
    "airflow.sdk.execution_time.context",
    "airflow.sdk.execution_time.secrets.execution_api",
    "airflow.sdk.execution_time.supervisor",
    "airflow.sdk.execution_time.task_runner",
    "airflow_services",
    "beamloop.records.isomorphism",
    "beamloop.records.joint",
    "beamloop.records.metrology",
    "beamloop.services",
    "beamloop.storage.opening",
    "beamloop.sweep.stage",
    "beamloop.watch.work",
    "great_expectations",
    "jinja2.ext",
)


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
    # Kept by `share_type_adapters`.
    task_runner.TypeAdapter(JsonValue)  # type: ignore[attr-defined] # imported there
    Param(1, type="integer").resolve()
    for native in (False, True):
        dag = DAG("lexer", schedule=None, render_template_as_native_obj=native)
        dag.get_template_env().from_string("{{ task }}")


def import_for_tasks() -> None:
    """Import what tasks need; a task imports by itself, and says so, what cannot be imported here."""
    for name in IN_EVERY_TASK:
        with suppress(ImportError):
            importlib.import_module(name)
    from airflow.sdk.listener import get_listener_manager

    # Reads the plugins folder, Beamloop's pages with it.
    get_listener_manager()


def share_type_adapters() -> None:
    """Build pydantic's adapters once: they are built twice in every task's process otherwise."""
    from airflow.sdk.execution_time import comms, task_runner
    from pydantic import TypeAdapter

    # By identity: annotated types cannot all be hashed. The types are kept with their adapters.
    known: dict[int, tuple[Any, TypeAdapter[Any]]] = {}

    def adapter_of(kind: Any) -> TypeAdapter[Any]:
        if id(kind) not in known:
            known[id(kind)] = (kind, TypeAdapter(kind))
        return known[id(kind)][1]

    for module in (comms, task_runner):
        module.TypeAdapter = adapter_of  # type: ignore[attr-defined]
    adapter_of(comms.ToTask)
