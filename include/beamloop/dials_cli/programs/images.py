"""From images to spots."""

from collections.abc import Sequence
from pathlib import Path

from beamloop.dials_cli.handle import Dials
from beamloop.dials_cli.programs.run_program import DEFAULT_LIMITS, run_program
from beamloop.records.program import ProgramLimits, ProgramResult


def import_images(
    dials: Dials,
    directory: Path,
    images: Path | Sequence[Path],
    *,
    image_range: tuple[int, int] | None = None,
    reference_geometry: Path | None = None,
    options: Sequence[str] = (),
    limits: ProgramLimits = DEFAULT_LIMITS,
) -> ProgramResult:
    """Read the images' headers into imported.expt.

    Parameters
    ----------
    dials, directory, options, limits
        As for all programs, see the package.
    images
        A template with # for each digit of the image number, or the image files one by one; blocks that
        are apart become several experiments. A master file is a file by itself.
    image_range
        First and last image of a master file, of which others are left alone. For numbered files 3.12 takes
        the first file's angle for that of the range.
    reference_geometry
        An .expt file whose detector, beam and goniometer replace the headers'.
    """
    named = [f"template={images}"] if isinstance(images, Path) else [str(path) for path in images]
    if image_range is not None:
        named.append(f"geometry.scan.image_range={image_range[0]},{image_range[1]}")
    if reference_geometry is not None:
        named.append(f"input.reference_geometry={reference_geometry}")
    return run_program(dials, directory, "import", named, ["imported.expt"], options, limits)


def find_spots(
    dials: Dials,
    directory: Path,
    imported_expt: Path,
    *,
    options: Sequence[str] = (),
    limits: ProgramLimits = DEFAULT_LIMITS,
) -> ProgramResult:
    """Find strong spots on the images and write strong.refl.

    Parameters
    ----------
    dials, directory, options, limits
        As for all programs, see the package.
    imported_expt
        The experiments of dials.import.
    """
    named = [str(imported_expt), "spotfinder.mp.nproc=1"]
    return run_program(dials, directory, "find_spots", named, ["strong.refl"], options, limits)
