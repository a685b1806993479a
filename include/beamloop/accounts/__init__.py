"""What commands and pages both tell: gathered from the catalogue, shaped as plain values and plain words."""
