"""Refined detectors: when they serve, and where they are put at another distance."""
