"""Which crystals of a collection belong together, with the evidence."""
