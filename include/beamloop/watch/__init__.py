"""Find what beamlines have written, and ask for its processing."""
