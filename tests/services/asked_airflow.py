"""Airflow's REST API as far as the actions of the pages use it."""


class AskedAirflow:
    """Remembers what it was asked."""

    def __init__(self) -> None:
        self.triggered: list[tuple[str, str, dict[str, int]]] = []

    def __enter__(self) -> "AskedAirflow":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def trigger(self, dag_id: str, dag_run_id: str, conf: dict[str, int]) -> bool:
        """Remember the wish."""
        self.triggered.append((dag_id, dag_run_id, conf))
        return True
