"""Trees of crystals as the browser draws them: taken out of a report's file once, kept while people look."""

import json
from functools import lru_cache
from typing import Any

from beamloop.records.artifact import StoredObject
from beamloop_ui.health import store

# A tree of 5000 crystals is 0.4 MB here; nobody looks at more reports at once.
KEPT = 16


@lru_cache(maxsize=KEPT)
def read_trees(stored: StoredObject) -> dict[str, Any]:
    """Return the trees of a report, without what their figures follow from.

    A node is `[first, second, height, lcv_percent, alcv_angstrom]` of the linkage: parts below the number of
    leaves are leaves, others the nodes in order.

    Raises
    ------
    ArtifactMissingError, ArtifactDamagedError, StoreUnavailableError
        As the store says.
    """
    text = b"".join(store().stream(stored.key, sha256=stored.sha256))
    document = json.loads(text)
    everything = list(range(1, document["cell_count"] + 1))
    inliers = document["inliers"]
    return {
        "all": {"serials": everything, "nodes": _nodes(document)},
        "inliers": {"serials": inliers["serials"], "nodes": _nodes(inliers)},
    }


def _nodes(tree: dict[str, Any]) -> list[list[float]]:
    return [
        [
            int(first),
            int(second),
            round(height, 5),
            round(node["lcv_percent"], 4),
            round(node["alcv_angstrom"], 4),
        ]
        for (first, second, height, _), node in zip(tree["linkage"], tree["nodes"], strict=True)
    ]
