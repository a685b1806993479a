"""What is done before the workers are forked, so that a task's process need not do it."""

import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.dags

DAG_FILE = """\
from airflow.sdk import DAG

from helper_of_{name} import WORD

with DAG("{name}", description=WORD):
    pass
"""


def read(path: Path, how: Callable[..., Any]) -> Any:
    """Read a DAG file in the way that a task does."""
    return how(dag_folder=str(path), safe_mode=False, load_op_links=False, bundle_path=path.parent)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Provide a folder with a DAG file and a module that it imports; both leave no trace in this process."""
    (tmp_path / "one.py").write_text(DAG_FILE.format(name="one"))
    (tmp_path / "helper_of_one.py").write_text('WORD = "before"')
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield tmp_path
    for name in ("helper_of_one", "helper_of_two"):
        sys.modules.pop(name, None)


@pytest.fixture
def parsed(folder: Path) -> Callable[..., Any]:
    from airflow.dag_processing.dagbag import BundleDagBag

    from parsed_dags import parsed_before

    return parsed_before(BundleDagBag, folder)


def test_a_file_that_has_not_changed_is_not_read_again(folder: Path, parsed: Callable[..., Any]) -> None:
    found = read(folder / "one.py", parsed)
    assert found.dags["one"].description == "before"
    assert read(folder / "one.py", parsed) is found


def test_a_changed_module_beside_a_dag_file_is_read_anew(folder: Path, parsed: Callable[..., Any]) -> None:
    (folder / "helper_of_one.py").write_text('WORD = "afterwards"')
    assert read(folder / "one.py", parsed).dags["one"].description == "afterwards"


def test_a_file_that_came_later_is_read(folder: Path, parsed: Callable[..., Any]) -> None:
    (folder / "helper_of_two.py").write_text('WORD = "new"')
    (folder / "two.py").write_text(DAG_FILE.format(name="two"))
    assert read(folder / "two.py", parsed).dags["two"].description == "new"


def test_a_file_that_cannot_be_read_is_left_to_the_task(folder: Path) -> None:
    from airflow.dag_processing.dagbag import BundleDagBag

    from parsed_dags import parsed_before

    (folder / "two.py").write_text("import no_such_module")
    found = read(folder / "two.py", parsed_before(BundleDagBag, folder))
    assert not found.dags
    assert "no_such_module" in str(found.import_errors)


def test_the_answers_to_signals_stay(folder: Path) -> None:
    from airflow.dag_processing.dagbag import BundleDagBag

    from parsed_dags import parsed_before

    numbers = (signal.SIGALRM, signal.SIGSEGV)
    before = [signal.getsignal(number) for number in numbers]
    parsed_before(BundleDagBag, folder)
    assert [signal.getsignal(number) for number in numbers] == before


def test_beamloops_own_dags_are_all_there(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow import settings
    from airflow.dag_processing import dagbag

    import parsed_dags

    plainly = dagbag.BundleDagBag
    monkeypatch.setattr(dagbag, "BundleDagBag", plainly)
    parsed_dags.share_parsed_dags()
    for path in Path(settings.DAGS_FOLDER).glob("*.py"):
        known, anew = read(path, dagbag.BundleDagBag), read(path, plainly)
        assert {dag_id: dag.task_ids for dag_id, dag in known.dags.items()} == {
            dag_id: dag.task_ids for dag_id, dag in anew.dags.items()
        }


def levels_in_a_task(configure: Callable[[int], None]) -> tuple[int, dict[str, list[bool]]]:
    """Configure logs in a forked process; return how often it forgot levels, and what loggers let pass."""
    result, answer = os.pipe()
    child = os.fork()
    if child == 0:
        forgotten = 0

        def clear(manager: logging.Manager) -> None:
            nonlocal forgotten
            forgotten += 1
            forget(manager)

        forget = logging.Manager._clear_cache  # type: ignore[attr-defined]
        logging.Manager._clear_cache = clear  # type: ignore[attr-defined]
        configure(os.open(os.devnull, os.O_WRONLY))
        os.write(answer, json.dumps([forgotten, let_pass()]).encode())
        os._exit(0)
    os.close(answer)
    with open(result, "rb") as stream:
        forgotten, levels = json.loads(stream.read())
    os.waitpid(child, 0)
    return forgotten, levels


def let_pass() -> dict[str, list[bool]]:
    """Ask some loggers which levels they let pass, which they keep in mind."""
    return {
        name: [logging.getLogger(name).isEnabledFor(level) for level in (10, 20, 30)]
        for name in ("", "airflow", "airflow.task", "beamloop.steps", "httpx", "sqlalchemy.engine")
    }


def test_loggers_let_pass_the_same_when_levels_are_forgotten_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.sdk.execution_time import supervisor

    import task_start

    plainly = supervisor._configure_logs_over_json_channel
    monkeypatch.setattr(supervisor, "_configure_logs_over_json_channel", plainly)
    task_start.configure_logs_at_once()
    let_pass()
    often, expected = levels_in_a_task(plainly)
    once, levels = levels_in_a_task(supervisor._configure_logs_over_json_channel)
    assert levels == expected
    assert (once, often > 20) == (1, True)


def test_what_tasks_make_can_be_made_before_them() -> None:
    from airflow.sdk.api.client import Client

    import task_start

    Client._get_ssl_context_cached.cache_clear()
    task_start.make_for_tasks()
    assert Client._get_ssl_context_cached.cache_info().currsize == 1
