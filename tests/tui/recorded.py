"""A model folder written as a run writes it: the test double for the trainer."""

import math
import os
import socket
import time
from pathlib import Path

from corpora.files import append_line
from engine.folder import ModelFolder, ModelLibrary
from engine.records import CorpusReference, MetricsLine, Results, SampleLine, State, Status
from engine.settings import ModelConfig, TrainingConfig

EPOCH = 1_700_000_000.0  # when every recorded run began
SECONDS = 0.05  # that a recorded step took


class RecordedRun:
    """Makes a folder in `root` and writes what a trainer would, as far as a test tells it to."""

    def __init__(self, root: Path, name: str = "bard", *, minutes: float = 5, clip: float = 1.0) -> None:
        self.folder: ModelFolder = ModelLibrary(root).create(
            name,
            model=ModelConfig(unit="char", cell="gru", vocabulary=65, hidden=384),
            training=TrainingConfig(minutes=minutes, clip=clip),
            corpus=CorpusReference(slug="plays", name="plays", sha256="0" * 64, characters=1_115_394),
        )
        self.step = 0

    @classmethod
    def after(cls, steps: int, root: Path, name: str = "bard", *, state: State = "training") -> "RecordedRun":
        """A run that has trained so many steps, and trains on unless `state` says otherwise."""
        run = cls(root, name)
        run.train(steps)
        run.status(state)
        return run

    def status(self, state: State, *, error: str = "", message: str = "", pid: int = 0, progress: float = 0.34) -> None:
        """Writes status.json as a trainer in this very process would: alive, whatever `state` says."""
        self.folder.write_status(
            Status(
                state=state,
                pid=pid or os.getpid(),
                host=socket.gethostname(),
                started=time.time(),
                heartbeat=time.time(),
                step=self.step,
                progress=progress,
                elapsed=self.step * SECONDS,
                remaining=198.0,
                message=message,
                error=error,
            )
        )

    def train(self, steps: int, *, evaluate: int = 100, each: int = 10) -> None:
        """Appends the lines of so many steps, evaluations and samples included."""
        for _ in range(steps // each):
            self.step += each
            evaluated = self.step % evaluate == 0
            loss = 1.4 + 2.8 * math.exp(-self.step / 300) + 0.05 * math.sin(self.step)
            self.line(
                loss=loss,
                validation_loss=loss + 0.1 if evaluated else None,
                bits_per_character=(loss + 0.1) / math.log(2) if evaluated else None,
                gradient_norm=0.4 + 0.8 * abs(math.sin(self.step * 1.7)),
                clipped=abs(math.sin(self.step * 1.7)) > 0.75,
                best=evaluated,
                gradient_norms={"embedding": 0.1 + 0.05 * math.sin(self.step), "layer 1": 0.4, "decoder": 0.2},
                gradient_flow={"layer 1": _flow(self.step), "layer 2": _flow(2 * self.step)} if evaluated else None,
            )
            if evaluated:
                self.sample(
                    f"\nThe {self.step}th line of a voice that learns to speak.\nAnd then another line of it.\n"
                )

    def line(
        self,
        *,
        loss: float | None = None,
        validation_loss: float | None = None,
        bits_per_character: float | None = None,
        gradient_norm: float | None = None,
        clipped: bool = False,
        best: bool = False,
        skipped: int = 0,
        losses: dict[str, float] | None = None,
        back_validation_loss: float | None = None,
        both_validation_loss: float | None = None,
        gradient_norms: dict[str, float] | None = None,
        gradient_flow: dict[str, list[float]] | None = None,
    ) -> None:
        """Appends one line of metrics for the present step."""
        append_line(
            self.folder.metrics_path,
            MetricsLine(
                step=self.step,
                tokens=self.step * 768,
                time=EPOCH + self.step * SECONDS,
                elapsed=self.step * SECONDS,
                remaining=198.0,
                loss=loss,
                validation_loss=validation_loss,
                bits_per_character=bits_per_character,
                learning_rate=0.004 * (1 + math.cos(self.step / 1000)),
                gradient_norm=gradient_norm,
                losses=losses or {},
                back_validation_loss=back_validation_loss,
                both_validation_loss=both_validation_loss,
                gradient_norms=gradient_norms or {},
                gradient_flow=gradient_flow or {},
                clipped=clipped,
                tokens_per_second=15_360.0,
                skipped=skipped,
                best=best,
            ),
        )

    def sample(self, text: str) -> None:
        """Appends one sample."""
        append_line(
            self.folder.samples_path,
            SampleLine(
                step=self.step,
                elapsed=self.step * SECONDS,
                prompt="KING:",
                seed=0,
                temperature=0.8,
                text=text,
            ),
        )

    def finish(self) -> None:
        """Writes the results and the last status of a run that spent its budget."""
        record = self.folder.record()
        results = Results(
            step=self.step,
            tokens=self.step * 768,
            elapsed=self.step * SECONDS,
            validation_loss=1.55,
            bits_per_character=2.236,
            perplexity=4.71,
        )
        fields = {name: getattr(record, name) for name in record.__struct_fields__}
        self.folder.write_record(type(record)(**{**fields, "results": results, "parameters": 612_161}))
        self.status("finished", progress=1.0)

    def requests(self) -> list[str]:
        """What was asked of the trainer so far."""
        path = self.folder.control_path
        return path.read_text().splitlines() if path.exists() else []


def _flow(step: int) -> list[float]:
    """Norms that shrink with each step back, and the less so the longer the run has trained."""
    return [0.5 * math.exp(-k / (1 + step / 400)) for k in range(65)]
