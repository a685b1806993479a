"""The three kinds of bad news, as far as they are errors.

An *outcome* (no lattice, no spots) is not an error: it is a record, see :mod:`beamloop.records.outcome`.
A *transient* error may pass when the same work is tried again; a *permanent* one will not.
"""

# What to try when a file of a step cannot be read on this machine.
FETCH_AGAIN = "Remove its step's folder and clear the task that failed: the store gives the files again."


class BeamloopError(Exception):
    """What failed, on what, where the evidence is, and what to try.

    Parameters
    ----------
    what
        One sentence: what failed, on what.
    evidence
        Where a person finds more: a log file, a command, a table.
    try_next
        The next step for a person, in the imperative.
    """

    def __init__(self, what: str, *, evidence: str = "", try_next: str = "") -> None:
        self.what = what
        self.evidence = evidence
        self.try_next = try_next
        super().__init__(what, evidence, try_next)

    def __str__(self) -> str:
        lines = [self.what]
        if self.evidence:
            lines.append(f"Evidence: {self.evidence}")
        if self.try_next:
            lines.append(f"Try next: {self.try_next}")
        return "\n".join(lines)


class TransientError(BeamloopError):
    """Something outside the data was away; the same work may succeed later."""


class PermanentError(BeamloopError):
    """The same work would fail again; a person or other parameters are needed."""


class CatalogUnavailableError(TransientError):
    """PostgreSQL does not answer, or ended the connection."""


class StoreUnavailableError(TransientError):
    """The artifact store does not answer, or refuses for now."""


class DiskFullError(TransientError):
    """A file system that Beamloop writes to has no room left."""


class StepBusyError(TransientError):
    """Another process holds the lock of this step."""


class ArtifactMissingError(PermanentError):
    """The store has no object under a key that should be there."""


class ArtifactDamagedError(PermanentError):
    """An object's bytes do not have the SHA-256 they were written with."""


class ArtifactConflictError(PermanentError):
    """A key is written once; other bytes stand there already."""


class InvalidInputError(PermanentError):
    """A person's input (file, option, folder) cannot be used as it stands."""


class ProgramFailedError(PermanentError):
    """A DIALS program crashed or left out a file that it should have written."""


class NotFoundError(PermanentError):
    """The catalogue has no such collection, sweep or run."""
