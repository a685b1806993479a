"""What people are told, and when; messages go through an outbox in the catalogue to their receivers."""
