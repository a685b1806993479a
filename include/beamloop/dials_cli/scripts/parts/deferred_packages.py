"""Packages that are executed when something of them is used, not when they are named.

scikit-learn and pandas are a quarter of the time and memory that importing DIALS takes, and 580 of the 2150
mappings of the process, each of which a fork copies and its end takes down. Modules of dxtbx and DIALS import
them at their top, for drawing several panels in one plane and for scaling; the programs that process a sweep
use neither.

A deferred package is the module that Python makes of it, still empty. What is not in it is asked of
`__getattr__`, and that executes it. importlib.util.LazyLoader does the same, but executes also what two
modules name, and a package of which a part is named. As with that, two threads must not be the first to use
one at the same time.
"""

import importlib.util
import sys
import types
from importlib.machinery import PathFinder

PACKAGES = ("pandas", "sklearn", "sklearn.cluster")  # each before its parts


class DeferredModule(types.ModuleType):
    """A module that is executed as soon as something of it is asked for."""

    def __getattr__(self, name: str) -> object:
        execute(self)
        return getattr(self, name)


def defer(names: tuple[str, ...] = PACKAGES) -> None:
    """Let packages be named without being executed, where they are installed and nobody has used them."""
    for name in names:
        parent, _, child = name.rpartition(".")
        whole = sys.modules.get(parent)
        if name in sys.modules or (parent and not isinstance(whole, DeferredModule)):
            continue
        spec = PathFinder.find_spec(name, whole.__spec__.submodule_search_locations if whole else None)
        if spec is None or spec.loader is None:
            continue
        module = importlib.util.module_from_spec(spec)
        del module.__path__  # asked for before a part of it is imported, which then executes it
        module.__class__ = DeferredModule
        sys.modules[name] = module
        if whole:
            setattr(whole, child, module)


def execute(module: DeferredModule) -> None:
    """Make a deferred module what it would have been, after the package that it is part of."""
    whole = sys.modules.get(module.__name__.rpartition(".")[0])
    if isinstance(whole, DeferredModule):
        execute(whole)
    if isinstance(module, DeferredModule):  # still: the package may have used it
        module.__class__ = types.ModuleType
        module.__path__ = module.__spec__.submodule_search_locations
        module.__spec__.loader.exec_module(module)
