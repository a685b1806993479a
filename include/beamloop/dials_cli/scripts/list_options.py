"""Print the options of the programs that take settings, as JSON: {program: {option: its kind}}.

Run by the DIALS Python; 2 s. A kind is {"type": "int", "level": 1} with, where there are such, "choices",
"many" (several of them may be taken), "least" and "most". The level is that of `-e`: of two options that a
short name could mean, DIALS takes the one of the lower level.
"""

import importlib
import json
import sys

MODULES = {"import": "dials_import"}  # the others are called like their programs


def main(*programs):
    """Do what the module says."""
    print(json.dumps({program: dict(options(program)) for program in programs}))


def options(program):
    """Yield each option's whole name and its kind."""
    module = importlib.import_module(f"dials.command_line.{MODULES.get(program, program)}")
    scope = getattr(module, "working_phil", module.phil_scope)
    for found in scope.all_definitions():
        yield found.path, kind(found)


def kind(found):
    """Return what an option takes."""
    option = found.object
    kept = {"type": getattr(option.type, "phil_type", "str"), "level": level(found)}
    if kept["type"] == "choice":
        kept["choices"] = [word.value.lstrip("*") for word in option.words]
        kept["many"] = bool(option.type.multi)
    for name, attribute in (("least", "value_min"), ("most", "value_max")):
        bound = getattr(option.type, attribute, None)
        if bound is not None:
            kept[name] = bound
    return kept


def level(found):
    """Return the level that an option has, or the nearest scope above it that has one."""
    scope = found.object if found.object.expert_level is not None else found.parent
    while scope is not None:
        if scope.expert_level is not None:
            return scope.expert_level
        scope = scope.primary_parent_scope
    return 0


if __name__ == "__main__":
    main(*sys.argv[1:])
