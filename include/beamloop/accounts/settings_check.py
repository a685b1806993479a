"""Settings that a person gives for DIALS programs, before anything is done with them."""

from collections.abc import Sequence

from beamloop.beamlines.profiles import parse_settings
from beamloop.dials_cli.handle import Dials
from beamloop.dials_cli.option_list import check_options


def check_settings(dials: Dials, settings: Sequence[str]) -> None:
    """Refuse settings of a wrong form, and those that this DIALS has no option for.

    Parameters
    ----------
    dials
        Which DIALS.
    settings
        E.g. ["index.indexing.method=fft1d"].

    Raises
    ------
    InvalidInputError
        Names the setting and what may be meant.
    """
    check_options(dials, parse_settings(settings))
