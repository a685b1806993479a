"""Python's garbage collector leaves alone what is there, and frees what comes, if later."""

import gc
import weakref
from collections.abc import Iterator

import pytest

pytestmark = pytest.mark.dags


@pytest.fixture
def own_settings() -> Iterator[None]:
    threshold = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)


class Knot:
    """Holds itself, so that only the collector can free it."""

    def __init__(self) -> None:
        self.itself = self


def test_what_is_there_is_not_looked_at_again_and_what_comes_is_freed(own_settings: None) -> None:
    from rare_collections import YOUNG, collect_rarely

    collect_rarely()
    assert gc.get_freeze_count() > 1000
    knot = weakref.ref(Knot())
    kept = [[] for _ in range(YOUNG + 100)]  # type: ignore[var-annotated]
    assert knot() is None
    del kept


def test_it_may_be_done_again_after_further_workers_were_forked(own_settings: None) -> None:
    from rare_collections import YOUNG, collect_rarely

    collect_rarely()
    gc.unfreeze()
    collect_rarely()
    assert gc.get_freeze_count() > 1000
    assert gc.get_threshold() == (YOUNG, 10, 10)
