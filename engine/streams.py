"""A text cut into parallel streams, for truncated backpropagation through time.

With B = 4 streams the text ``a b c d e f g h i j k l m n o p`` is read as

    stream 0   a b c d        step 1 reads the first T columns,
    stream 1   e f g h        step 2 the next T, and so on;
    stream 2   i j k l        each stream's state is carried from step to step,
    stream 3   m n o p        so every stream reads its stretch as one long text.

The target of each token is the one that follows it. The text is treated as a ring, and each epoch after the first
begins at another place of it, so that the cuts between streams and steps never fall on the same tokens twice.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from engine.shapes import Shape


@dataclass(frozen=True)
class Windows:
    """What one step reads, int64. Each row of a window is the target of the row before it.

    A bidirectional model also reads the streams from their right ends (`back`, in the order of reading), and a little
    further than the window, so that its last targets have something on their right (`beyond`).
    """

    ahead: Tensor  # (T + 1, B)
    back: Tensor | None = None  # (T + 1, B)
    beyond: Tensor | None = None  # (L, B), what follows `ahead`


class Streams:
    """Gives `Windows`, epoch after epoch. Its place is two numbers: a resume is exact.

    With several ranks, rank r of n reads the r-th n-th of the streams; all n together read what one rank with n times
    the batch would.
    """

    def __init__(
        self,
        tokens: npt.NDArray[np.unsignedinteger],
        shape: Shape,
        seed: int,
        *,
        beyond: int | None = None,
        rank: int = 0,
        ranks: int = 1,
    ) -> None:
        """`shape` is of all ranks together. With `beyond` there are windows for both directions, and L is that."""
        if len(tokens) < 2:
            raise ValueError("streams need at least two tokens")
        self.tokens = tokens
        self.shape = shape
        self.seed = seed
        self.beyond = beyond
        self.share = shape.batch // ranks  # streams of this rank
        self.mine = slice(rank * self.share, (rank + 1) * self.share)  # which
        self.epoch = 0
        self.column = 0  # tokens of each stream already read in this epoch
        self.stretch = max(shape.length, len(tokens) // shape.batch)  # tokens of each stream
        self._place()

    @property
    def steps_per_epoch(self) -> int:
        return max(1, self.stretch // self.shape.length)

    def at_epoch_start(self) -> bool:
        """Whether the next batch begins an epoch, where streams must start from a zero state."""
        return self.column == 0

    def next(self) -> Windows:
        """The next windows of this rank's streams, and moves on."""
        T = self.shape.length
        ahead = self._read(self.column + np.arange(T + 1))
        back = beyond = None
        if self.beyond is not None:
            back = self._read(self.stretch - 1 - self.column - np.arange(T + 1))
            beyond = self._read(self.column + T + 1 + np.arange(self.beyond))
        self.column += T
        if self.column + T > self.stretch:
            self.epoch += 1
            self.column = 0
            self._place()
        return Windows(ahead, back, beyond)

    def _read(self, offsets: npt.NDArray[np.int64]) -> Tensor:
        """The tokens at these offsets (N,) of each stream: (N, B)."""
        places = self._starts[:, self.mine] + offsets[:, None]
        return torch.from_numpy(self.tokens[places % len(self.tokens)].astype(np.int64))

    def seek(self, epoch: int, column: int) -> None:
        """Goes to a place that `epoch` and `column` gave earlier."""
        self.epoch, self.column = epoch, column
        self._place()

    def seek_share(self, epoch: int, share: float) -> None:
        """Goes to the step nearest to this share (0 to 1) of an epoch: the place of streams of another shape."""
        step = min(round(share * self.steps_per_epoch), self.steps_per_epoch - 1)
        self.seek(epoch, step * self.shape.length)

    def _place(self) -> None:
        phase = 0
        if self.epoch > 0:
            phase = int(np.random.default_rng((self.seed, self.epoch)).integers(len(self.tokens)))
        self._starts = phase + np.arange(self.shape.batch)[None, :] * self.stretch  # (1, B)
