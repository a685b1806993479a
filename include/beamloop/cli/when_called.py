"""Commands that are imported when they are called: one of them needs half of what all need together."""

import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, cast

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

Loaded = TyperCommand | TyperGroup


class WhenCalled(Mapping[str, Loaded]):
    """Commands by name, each made of a function or of a `typer.Typer` when it is asked for.

    Parameters
    ----------
    places
        Where they are, by name: "beamloop.cli.show:show".
    """

    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = places

    def __getitem__(self, name: str) -> Loaded:
        return _load(name, self._places[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


@cache
def _load(name: str, place: str) -> Loaded:
    found = pkgutil.resolve_name(place)
    holder = typer.Typer(pretty_exceptions_enable=False)
    if isinstance(found, typer.Typer):
        holder.add_typer(found, name=name)
    else:
        holder.command(name)(found)
    return cast(Loaded, get_group(holder).commands[name])


def group_of(places: Mapping[str, str]) -> type[TyperGroup]:
    """Return a kind of group, for `typer.Typer(cls=...)`, that has these commands.

    Parameters
    ----------
    places
        As of `WhenCalled`.
    """

    class Group(TyperGroup):
        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            self.commands = cast(Any, WhenCalled(places))

    return Group
