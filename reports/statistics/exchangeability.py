"""Whether the published order of a data set's items is likelier to a model than other orders.

It compares log-likelihoods that somebody else computed, and cannot know whether the items were
exchangeable to begin with; `harness.audit.exposure` says what that asks of them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr

__all__ = ["Exchangeability", "order_exchangeability"]

_ROUNDING = 1e-12  # of the largest log-likelihood: less spread than this is no spread

NAN = float("nan")


class Exchangeability(NamedTuple):
    """What a comparison of orders found.

    Attributes
    ----------
    p_value : float
        One-sided: small if the published order is likelier than chance would have it; NaN where
        `reason` says why.
    statistic : float
        Student's t over shards.
    difference : float
        Log-likelihood of the published order less that of other orders, mean over shards, in
        the units of the log-likelihoods.
    n_shards : int
        Shards compared.
    n_permutations : int
        Other orders of each shard.
    reason : str
        Why there is no p-value; empty if there is one.
    """

    p_value: float
    statistic: float
    difference: float
    n_shards: int
    n_permutations: int
    reason: str = ""


def order_exchangeability(log_likelihoods: ArrayLike) -> Exchangeability:
    """Sharded comparison of the published order with random ones.

    Parameters
    ----------
    log_likelihoods : array_like, shape (n_shards, 1 + n_permutations)
        Of each shard of the data set: first in its published order, then in random ones.

    Returns
    -------
    Exchangeability

    Raises
    ------
    ValueError
        The shape is another, or there is no random order.

    Notes
    -----
    If every order of a shard's units was equally likely beforehand and the model does not know
    the published one, the difference between the first column and the mean of the others has the
    expectation 0 in each shard. Whether its mean over shards exceeds 0 is tested by Student's t
    with ``n_shards - 1`` degrees of freedom. Shards are taken as independent of each other.

    References
    ----------
    Oren, Meister, Chatterji, Ladhak & Hashimoto 2024, "Proving Test Set Contamination in Black
    Box Language Models" (arXiv 2310.17623), the sharded likelihood comparison test.
    """
    values = np.asarray(log_likelihoods, dtype=float)
    if values.ndim != 2 or values.shape[1] < 2:
        raise ValueError(
            f"got log-likelihoods of shape {values.shape};"
            " needed is (n_shards, 1 + n_permutations) with a permutation or more"
        )
    n_shards, n_permutations = len(values), values.shape[1] - 1
    unknown = int((~np.isfinite(values)).any(axis=1).sum())
    if unknown:
        reason = f"{unknown} of {n_shards} shards have a log-likelihood that is no finite number"
        return Exchangeability(NAN, NAN, NAN, n_shards, n_permutations, reason)
    differences = values[:, 0] - values[:, 1:].mean(axis=1)
    mean = float(differences.mean()) if n_shards else NAN
    if n_shards < 2:
        reason = f"{n_shards} of the 2 or more shards that a comparison takes"
        return Exchangeability(NAN, NAN, mean, n_shards, n_permutations, reason)
    sd = float(differences.std(ddof=1))
    if sd <= _ROUNDING * float(np.abs(values).max()):
        reason = "the difference between the orders is the same in every shard"
        return Exchangeability(NAN, NAN, mean, n_shards, n_permutations, reason)
    t = mean / (sd / n_shards**0.5)
    return Exchangeability(float(stdtr(n_shards - 1, -t)), t, mean, n_shards, n_permutations)
