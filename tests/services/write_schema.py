"""Write catalog/schema.sql from the migrations: `.venv/bin/python -m tests.services.write_schema`."""

import re
import subprocess
import tempfile
from pathlib import Path

from tests.services.postgres_server import TEMPLATE, running_postgres

SCHEMA = Path(__file__).parents[2] / "include/beamloop/catalog/schema.sql"
HEADER = "-- The whole schema as the migrations make it, for reading; a test keeps the two equal.\n\n"
# What pg_dump says about its session and itself.
NOISE = ("--", "\\", "SET ", "SELECT pg_catalog")


def main() -> None:
    """Migrate an empty database, dump its schema, write it down."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with running_postgres(Path(folder) / "state") as server:
            dump = server.bin_directory / "pg_dump"
            argv = [str(dump), "--schema-only", "--no-owner", f"--dbname={server.dsn(TEMPLATE)}"]
            text = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    lines = [line for line in text.splitlines() if not line.startswith(NOISE)]
    SCHEMA.write_text(HEADER + re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n")


if __name__ == "__main__":
    main()
