"""A beamline that writes sweeps of known truth."""

from beamloop.simulate.truth import Truth, read_truth
from beamloop.simulate.writing import write_collection

__all__ = ["Truth", "read_truth", "write_collection"]
