"""Which word of a person stands for a crystal."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from beamloop.isomorphism.identities import CrystalKey
from beamloop.records.identifiers import RunId, SweepId
from beamloop.records.isomorphism import Candidate, GroupMember, MemberWord, WordKind

Target = tuple[SweepId, RunId | None, int | None]

DONE = {
    WordKind.EXCLUDE: "Excluded",
    WordKind.INCLUDE: "Included",
    WordKind.REGROUP: "Put into group",
    WordKind.WITHDRAW: "Left to Beamloop",
}


@dataclass(frozen=True, slots=True)
class SpokenCrystal:
    """A crystal with what a person said of it."""

    candidate: Candidate
    word: MemberWord | None  # None: nothing, or nothing any more

    @property
    def key(self) -> CrystalKey:
        """What it is from night to night."""
        return self.candidate.member.sweep_id, self.candidate.member.crystal_number

    @property
    def is_excluded(self) -> bool:
        """Whether a person left it out."""
        return self.word is not None and self.word.kind is WordKind.EXCLUDE

    @property
    def is_called_member(self) -> bool:
        """Whether a person took it in, whatever its robust z."""
        return self.word is not None and self.word.kind in (WordKind.INCLUDE, WordKind.REGROUP)


def with_words(crystals: Sequence[Candidate], words: Iterable[MemberWord]) -> list[SpokenCrystal]:
    """Return each crystal with the word that stands for it.

    A word on a sweep is on all its crystals, a word on one crystal of a run on that one; of two words that
    are on the same crystal the later one stands.
    """
    said: dict[Target, MemberWord] = {}
    for word in sorted(words, key=lambda word: word.decision_id):
        said[word.sweep_id, word.run_id, word.crystal_number] = word
    return [SpokenCrystal(crystal, _standing(crystal.member, said)) for crystal in crystals]


def _standing(member: GroupMember, said: dict[Target, MemberWord]) -> MemberWord | None:
    targets: list[Target] = [
        (member.sweep_id, None, None),
        (member.sweep_id, member.run_id, member.crystal_number),
    ]
    found = [said[target] for target in targets if target in said]
    last = max(found, key=lambda word: word.decision_id, default=None)
    return None if last is None or last.kind is WordKind.WITHDRAW else last


def word_sentence(word: MemberWord | None) -> str:
    """Say a word with who said it and why: "Excluded by anna: ice rings."; "" for none."""
    if word is None:
        return ""
    where = f" {word.group_name}" if word.group_name else ""
    return f"{DONE[word.kind]}{where} by {word.said_by}: {word.why.rstrip('.')}."
