"""Merge the sweeps of an isomorphous group: one MTZ file, and how good it is."""
