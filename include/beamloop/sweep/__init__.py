"""The sweep stage: six programs from images to an MTZ file, each step restartable at any instant."""
