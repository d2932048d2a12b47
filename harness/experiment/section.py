"""What every section of an experiment file has in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["EMBEDDED_PREFIX", "Section", "Share"]

Share = Annotated[float, Field(gt=0, lt=1)]
EMBEDDED_PREFIX = "embedded:"
"""What names of models and data sets that come with the package begin with."""


class Section(BaseModel):
    """Frozen, and closed to unknown keys, so that a misspelt key is never ignored."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        protected_namespaces=(),
        allow_inf_nan=False,
    )
