"""Plain immutable records that the stages, the catalogue and the store share."""
