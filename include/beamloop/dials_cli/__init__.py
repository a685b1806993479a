"""The edge to DIALS: programs started as processes, their files read without the DIALS Python."""
