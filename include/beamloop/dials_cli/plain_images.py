"""Name image files so that DIALS can parse them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from beamloop.dials_cli.paths import is_plain_path
from beamloop.records.images import NumberedImages

LINK_DIGITS = 6


def plain_images(images: NumberedImages, links: Path) -> Path | list[Path]:
    """Return what DIALS can parse: a template, or each file where numbers are missing.

    From a template DIALS 3.12 refuses gaps, or takes the first image's angle for every block.

    Parameters
    ----------
    images
        The files of one sweep.
    links
        Where their names are not plain, links with plain names and the same numbers stand for the files in
        this folder, which is made. imported.expt holds their paths: it must not be a folder that is about to
        be renamed.
    """
    if not is_plain_path(images.directory / images.path(images.first).name):
        linked = replace(images, directory=links, prefix="image_", digits=LINK_DIGITS)
        _make_links(linked.directory, images.paths(), linked.paths())
        images = linked
    return images.paths() if images.missing else images.directory / images.template


def _make_links(folder: Path, targets: Sequence[Path], links: Sequence[Path]) -> None:
    folder.mkdir(exist_ok=True)
    for target, link in zip(targets, links, strict=True):
        link.unlink(missing_ok=True)
        link.symlink_to(target)
