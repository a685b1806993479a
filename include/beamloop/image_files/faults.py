"""What may be wrong with an image file, in words that follow "3 files are ..."."""

NOT_THERE = "not there"
CUT_SHORT = "cut short"
OUTSIDE = "a link to outside its folder"
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
