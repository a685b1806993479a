"""The joint stage: the crystals of an isomorphous group refined together, on one beam and one detector."""
