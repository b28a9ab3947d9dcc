"""States remembered along the texts that a decoder has read: after an edit only what follows it is read anew."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence

from torch import Tensor

from engine.decoder import BLOCK, Decoder
from engine.stack import State
from engine.states import size
from engine.trail import DIGEST, as_bytes

MEMORY = 256 << 20  # bytes of states kept: of a model of 2 x 512, those of 16 million tokens


class Snapshots:
    """A decoder that remembers. States lie at multiples of `BLOCK` tokens, which is where `Decoder.prefill` cuts too:
    going on from a remembered one gives the same bits as reading everything again, only sooner. Readings of documents
    leave theirs here too, under digests of an `engine.trail.Trail`, some of them at multiples of `TAIL`.
    """

    def __init__(self, decoder: Decoder) -> None:
        self.decoder = decoder
        self._states: OrderedDict[bytes, State] = OrderedDict()  # by a digest of all ids before; newest last
        self._lock = threading.Lock()
        self._most = max(1, MEMORY // size(decoder.zero_state()))

    def prefill(self, ids: Tensor) -> tuple[Tensor, State]:
        """Logits (1, V) after the prompt ids (T,), int64, T at least 1, in the decoder's order; and the state there."""
        digests = self._digests(ids)
        done, state = self._recall(digests)
        for block in range(done, len(digests)):
            _, state = self._read(ids[block * BLOCK : (block + 1) * BLOCK], state)
            self.remember([digests[block]], [state])
        return self._read(ids[len(digests) * BLOCK :], state)

    def recall(self, digest: bytes) -> State | None:
        """The state after the ids with this digest, where it is remembered."""
        with self._lock:
            state = self._states.get(digest)
            if state is not None:
                self._states.move_to_end(digest)
            return state

    def remember(self, digests: Sequence[bytes], states: Sequence[State]) -> None:
        """Keeps states, in the order of the text. The later ones are forgotten first: they lead on from the others."""
        with self._lock:
            for digest, state in zip(reversed(digests), reversed(states), strict=True):
                self._states[digest] = state
                self._states.move_to_end(digest)
            while len(self._states) > self._most:
                self._states.popitem(last=False)

    def _digests(self, ids: Tensor) -> list[bytes]:
        """One for each block but the last, which is always read: of all ids up to its end."""
        digest, digests = hashlib.blake2b(digest_size=DIGEST), []
        numbers = ids.numpy()
        for block in range((len(ids) - 1) // BLOCK):
            digest.update(as_bytes(numbers[block * BLOCK : (block + 1) * BLOCK]))
            digests.append(digest.copy().digest())
        return digests

    def _recall(self, digests: list[bytes]) -> tuple[int, State]:
        """How many blocks a remembered state has read, and that state."""
        with self._lock:
            for number in range(len(digests), 0, -1):
                state = self._states.get(digests[number - 1])
                if state is not None:
                    self._states.move_to_end(digests[number - 1])
                    return number, state
        return 0, self.decoder.zero_state()

    def _read(self, ids: Tensor, state: State) -> tuple[Tensor, State]:
        return self.decoder.prefill(ids.to(self.decoder.device)[:, None], state)
