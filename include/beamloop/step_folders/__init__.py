"""A step's work folder: locked, made in a staging folder, renamed when it is whole; for every stage."""
