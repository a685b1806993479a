"""What may be wrong with an image file, in words that follow "3 files are ..."."""

NOT_THERE = "not there"
CUT_SHORT = "cut short"
OUTSIDE = "a link to outside its folder"
# dxtbx 3.12 takes such a file for one of a single array, FormatCBFFullByteOffset.py.
FIRST_ARRAY_ONLY = "of several arrays in byte-offset compression, of which DIALS reads the first alone"
STILL_WRITTEN = "still being written, or left so by its writer"


class ImageFaultError(Exception):
    """Stops the reading of a faulty file; never leaves this package.

    Parameters
    ----------
    fault
        E.g. "cut short".
    """

    def __init__(self, fault: str) -> None:
        self.fault = fault
        super().__init__(fault)
