"""The command `beamloop`: words and tables for a shell."""
