"""Calibrate a detector from strong sweeps: panel by panel, with evidence on data held out."""
