"""Where models are trained and answer: the CPU, a CUDA device, a TPU.

A circumstance: it has no part in a run's identity. Which of several devices a process has
is the launcher's decision.
"""

from __future__ import annotations

from harness.errors import ExperimentError

__all__ = ["device_for"]


def device_for(accelerator: str) -> str:
    """The device, as torch names it, that `resources.accelerator` asks for.

    Parameters
    ----------
    accelerator : {"auto", "cpu", "cuda", "tpu"}
        `auto` is a CUDA device where torch finds one, else the CPU.

    Raises
    ------
    ExperimentError
        The one that is named is not there.
    """
    import torch
    from accelerate.utils import is_torch_xla_available

    there = {"cpu": True, "cuda": torch.cuda.is_available()}
    if accelerator == "auto":
        return "cuda" if there["cuda"] else "cpu"
    there["tpu"] = is_torch_xla_available(check_is_tpu=True)
    if not there[accelerator]:
        finder = {"cuda": "torch", "tpu": "accelerate, by way of torch_xla,"}[accelerator]
        raise ExperimentError(
            "the accelerator is not there",
            where="resources.accelerator",
            got=f"{accelerator}, which {finder} does not find",
            allowed=", ".join(["auto", *(name for name, found in there.items() if found)]),
            fix="leave resources.accelerator out, or look at the driver and the build of torch",
        )
    if accelerator != "tpu":
        return accelerator
    import torch_xla

    return str(torch_xla.device())
