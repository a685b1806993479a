"""What is particular to a beamline: where images appear, limits, profiles. Validated YAML."""
