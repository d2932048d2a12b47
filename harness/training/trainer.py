"""`transformers.Trainer` with three things settled: precision, validation, and their traces.

bf16 is for the forward passes of training and validation alone. The Trainer's own way replaces
the model's `forward`, and would let a model that is trained as a whole answer in bf16 too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from harness.training.loss import TargetLoss

if TYPE_CHECKING:
    from transformers import Trainer

__all__ = ["make_trainer", "no_traces"]


def make_trainer(
    loss: TargetLoss, *, bf16: bool, score: Callable[[], Mapping[str, float]] | None, **options: Any
) -> Trainer:
    """A trainer that prints nothing.

    Parameters
    ----------
    loss : TargetLoss
        Computes the loss, and gathers what evaluations need.
    bf16 : bool
        Whether forward passes are computed under autocast to bf16.
    score : callable or None
        Scores that are added to the validation loss.
    **options
        Of `transformers.Trainer`.
    """
    import torch
    from transformers import PrinterCallback, Trainer

    class TokenTrainer(Trainer):
        """Evaluates by token instead of by batch, and adds scores."""

        def compute_loss(self, *args: Any, **kwargs: Any) -> Any:
            with torch.autocast(self.args.device.type, torch.bfloat16, enabled=bf16):
                return super().compute_loss(*args, **kwargs)

        def evaluation_loop(self, *args: Any, **kwargs: Any) -> Any:
            loss.validated.clear()
            with torch.random.fork_rng():  # looking must not change the dropout that follows
                output = super().evaluation_loop(*args, **kwargs)
            total, count = self.accelerator.reduce(sum(loss.validated), "sum").tolist()
            scores = {"loss": total / count, **(score() if score is not None else {})}
            metrics: Any = output.metrics  # a dict that is never missing here
            metrics.update({f"eval_{name}": one for name, one in scores.items()})
            return output

    trainer = TokenTrainer(compute_loss_func=loss, **options)
    trainer.remove_callback(PrinterCallback)
    return trainer


@contextmanager
def no_traces(model: Any) -> Iterator[None]:
    """Undo what a training sets on a model besides its weights, since runs share their base."""
    use_cache = getattr(model.config, "use_cache", None)
    try:
        yield
    finally:
        if model.is_activation_checkpointing:
            model.activation_checkpointing_disable()
        if use_cache is not None:
            model.config.use_cache = use_cache
        model.eval()
