"""A step is done exactly once, whatever is killed when; the stage hands in what is its own."""
