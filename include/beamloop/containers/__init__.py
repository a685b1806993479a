"""Services in containers: their settings and secrets, what is made before they start, and their start."""
