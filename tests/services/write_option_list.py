"""Write an option list as the installed DIALS tells it: `python -m tests.services.write_option_list`."""

import json
from pathlib import Path

from beamloop.dials_cli.handle import open_dials
from beamloop.dials_cli.option_list import LISTS, ask_options
from beamloop.settings import DialsSettings


def main() -> None:
    """Ask DIALS, write a line for each option, so that a change is seen in a comparison of two lists."""
    settings = DialsSettings(None, Path("/usr/bin/python3"))
    programs = json.loads(ask_options(settings))
    blocks = [f"{json.dumps(program)}: {{\n{_lines(options)}\n}}" for program, options in programs.items()]
    version = open_dials(settings).version()
    (LISTS / f"{version}.json").write_text("{\n" + ",\n".join(blocks) + "\n}\n", "utf-8")


def _lines(options: dict[str, object]) -> str:
    return ",\n".join(f"{json.dumps(name)}: {json.dumps(options[name])}" for name in sorted(options))


if __name__ == "__main__":
    main()
