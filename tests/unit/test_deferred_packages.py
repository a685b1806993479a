"""What the DIALS server does not execute until it is used is then what it would have been."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from beamloop.dials_cli.server_door import SCRIPTS

pytestmark = pytest.mark.unit

FILES = {
    "__init__.py": "executed = ['package']\nfrom deferrable import base\nversion = 3\n",
    "base.py": "from deferrable import executed\nexecuted.append('base')\n",
    "part/__init__.py": "from deferrable import executed\nexecuted.append('part')\ndef work(): return 7\n",
    "other.py": "from deferrable import executed\nexecuted.append('other')\ndef work(): return 8\n",
}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A deferred package, of which one part is deferred, too."""
    for name, text in FILES.items():
        path = tmp_path / "deferrable" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.syspath_prepend(str(SCRIPTS / "parts"))
    defer = importlib.import_module("deferred_packages").defer
    defer(("deferrable", "deferrable.part", "no_such_package"))
    yield importlib.import_module("deferrable")
    for name in [name for name in sys.modules if name.partition(".")[0] == "deferrable"]:
        del sys.modules[name]


def is_executed(package: ModuleType) -> bool:
    return "executed" in vars(package)


def test_a_package_and_its_part_may_be_named_without_being_executed(package: Any) -> None:
    for _ in range(2):
        assert importlib.import_module("deferrable") is package
        assert importlib.import_module("deferrable.part") is package.part
    assert package
    assert package.__file__.endswith("deferrable/__init__.py")
    assert not is_executed(package)


def test_a_package_is_executed_once_when_it_is_used(package: Any) -> None:
    assert package.version == 3
    assert (package.version, package.executed) == (3, ["package", "base"])
    assert type(package) is ModuleType
    assert package.__path__


def test_a_part_is_executed_after_its_package(package: Any) -> None:
    assert package.part.work() == 7
    assert package.executed == ["package", "base", "part"]
    assert importlib.import_module("deferrable.part") is package.part


def test_a_part_that_was_not_deferred_executes_the_package_and_belongs_to_it(package: Any) -> None:
    other = importlib.import_module("deferrable.other")
    assert (package.other, other.work()) == (other, 8)
    assert package.executed == ["package", "base", "other"]


def test_what_a_package_does_not_have_it_does_not_have(package: Any) -> None:
    with pytest.raises(AttributeError, match="no_such_thing"):
        _ = package.no_such_thing
    with pytest.raises(ImportError):
        importlib.import_module("no_such_package")
