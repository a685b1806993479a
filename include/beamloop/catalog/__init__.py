"""The catalogue: every fact, in PostgreSQL. The only package that speaks SQL."""
