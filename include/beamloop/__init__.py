"""Beamloop: beamline data improve the geometry, the geometry improves the data."""
