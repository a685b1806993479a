"""The one handle on DIALS that stages hold."""

from dataclasses import dataclass

from beamloop.dials_cli.forking_starter import ForkingStarter
from beamloop.dials_cli.starter import PlainStarter
from beamloop.dials_cli.starting import ProgramStarter
from beamloop.dials_cli.version import dials_version
from beamloop.settings import DialsSettings


@dataclass(frozen=True, slots=True)
class Dials:
    """An installed DIALS, and the way to start its programs."""

    settings: DialsSettings
    starter: ProgramStarter

    def version(self) -> str:
        """Return the version, e.g. "3.12.1"; see :func:`beamloop.dials_cli.version.dials_version`."""
        return dials_version(self.settings)


def open_dials(settings: DialsSettings) -> Dials:
    """Return a handle that starts programs as the settings say; nothing is started or looked up yet.

    Parameters
    ----------
    settings
        Which DIALS, and where its server listens, if it is used.
    """
    if settings.server_directory is None:
        return Dials(settings, PlainStarter(settings.bin_directory))
    served = ForkingStarter(settings.bin_directory, settings.python, settings.server_directory)
    return Dials(settings, served)
