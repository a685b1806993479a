"""Results that DIALS made elsewhere become processed sweeps."""
