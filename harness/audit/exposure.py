"""Whether a base model has seen a data set: likelihoods of its published and of other orders.

Whether the units can be exchanged at all is for the caller to know; see
`docs/guides/pretraining-exposure.md`. The test is `reports.statistics.exchangeability`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby, takewhile
from math import factorial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.audit.neighbours import order_notes
from harness.errors import ModelError
from reports.statistics.exchangeability import Exchangeability, order_exchangeability

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

__all__ = ["Cost", "Exposure", "probe_cost", "probe_exposure"]

_SEPARATOR = "\n"
_LOGITS = 2**27  # numbers in a batch's logits: half a GB, and as much again for the loss

Tokens = tuple[int, ...]


class Exposure(NamedTuple):
    """What a probe found.

    Attributes
    ----------
    test : Exchangeability
        The comparison of orders.
    log_likelihoods : ndarray, shape (n_shards, 1 + n_permutations)
        In nats; the published order first.
    notes : tuple of str
        What a reader has to know about the shards and the order, one sentence each.
    """

    test: Exchangeability
    log_likelihoods: NDArray[np.float64]
    notes: tuple[str, ...]


class Cost(NamedTuple):
    """What a probe would take.

    Attributes
    ----------
    n_shards : int
        Shards that would be compared.
    n_sequences : int
        Orders of all shards; at most, for one that is drawn twice is computed once.
    n_tokens : int
        Tokens of all of them, about.
    """

    n_shards: int
    n_sequences: int
    n_tokens: int


class _Shards(NamedTuple):
    units: list[list[str]]
    notes: tuple[str, ...]


def probe_exposure(
    model: Any,
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    *,
    rng: np.random.Generator,
    units: Sequence[Hashable] | None = None,
    n_shards: int = 20,
    n_permutations: int = 12,
    max_tokens: int = 1_024,
    on_step: Callable[[int, int], None] = lambda done, total: None,
) -> Exposure:
    """Compare the published order of some texts with random ones.

    Parameters
    ----------
    model : PreTrainedModel
        A decoder-only base model, on its device; given back in the mode it came in.
    tokenizer : PreTrainedTokenizerBase
        Its own.
    texts : sequence of str
        One per item, in the order of the published file.
    rng : numpy.random.Generator
        Draws the orders.
    units : sequence of hashable, optional
        What each text belongs to, such as its article. Texts in a row that belong to the same
        are moved as one, and never apart. Left out, each text is a unit.
    n_shards : int
        Pieces of the file, each of neighbouring units and at least two of them.
    n_permutations : int
        Random orders of each piece.
    max_tokens : int
        Longest sequence; the model's own limit holds besides. Units that do not fit at the end of
        a shard are left out of all its orders.
    on_step : callable
        Given the number of shards done and the total.

    Returns
    -------
    Exposure

    Raises
    ------
    ModelError
        The model is an encoder-decoder.
    ValueError
        `units` has another length than `texts`, or there is no permutation.

    Notes
    -----
    A sequence is a start token and the units, each on lines of its own. Its log-likelihood is
    the sum over all tokens after the first. The published order is not drawn as a random one,
    which keeps the expected difference 0 if the units are exchangeable.

    They have to be: questions about one paragraph follow each other more naturally as published,
    and any model notices. Without `units`, such a file looks as if it had been seen; a note
    says so where the words of neighbours alone give it away.

    References
    ----------
    Oren et al. 2024 (arXiv 2310.17623), see `order_exchangeability`.
    """
    _check(model, n_permutations)
    positions = getattr(model.config, "max_position_embeddings", None)
    limit = min(max_tokens, positions or max_tokens)
    shards = _shards(tokenizer, texts, units, n_shards, limit)
    found = np.empty((len(shards.units), 1 + n_permutations))
    with _evaluating(model):
        for index, shard in enumerate(shards.units):
            orders = [list(shard), *_orders(shard, n_permutations, rng)]
            found[index] = _log_likelihoods(model, tokenizer, orders)
            on_step(index + 1, len(found))
    order = order_notes(_units(texts, units), rng)
    return Exposure(order_exchangeability(found), found, (*shards.notes, *order))


def probe_cost(
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    *,
    units: Sequence[Hashable] | None = None,
    n_shards: int = 20,
    n_permutations: int = 12,
    max_tokens: int = 1_024,
) -> Cost:
    """What `probe_exposure` would compute for the same arguments, found out without a model.

    `max_tokens` has to be no more than the model allows, which is not known here.

    Raises
    ------
    ValueError
        `units` has another length than `texts`.
    """
    shards = _shards(tokenizer, texts, units, n_shards, max_tokens).units
    lengths = [len(_tokens(tokenizer, shard)) for shard in shards]
    orders = [min(1 + n_permutations, factorial(len(shard))) for shard in shards]
    tokens = sum(n * length for n, length in zip(orders, lengths, strict=True))
    return Cost(len(shards), sum(orders), tokens)


def _check(model: Any, n_permutations: int) -> None:
    if n_permutations < 1:
        raise ValueError(f"n_permutations: got {n_permutations}, needed is 1 or more")
    if model.config.is_encoder_decoder:
        raise ModelError(
            "an encoder-decoder model gives a text no likelihood by itself, so its exposure to"
            " the test items cannot be probed by their order",
            where="base.model.name",
            got=model.config.model_type,
            allowed="decoder-only models such as Llama",
            fix="leave the probe out for this model; a decoder-only one that was pretrained on the"
            " same text can be probed in its place",
        )


def _shards(
    tokenizer: Any,
    texts: Sequence[str],
    labels: Sequence[Hashable] | None,
    wanted: int,
    max_tokens: int,
) -> _Shards:
    """Neighbouring units, shard by shard: as many whole ones as fit, and at least two."""
    units = _units(texts, labels)
    count = min(wanted, len(units) // 2)
    notes = []
    if count < wanted:
        notes.append(f"{count} shards instead of {wanted}: there are only {len(units):,} units")
    pieces = np.array_split(np.arange(len(units)), count) if count else []
    fitted = [_fitted(tokenizer, [units[at] for at in piece], max_tokens) for piece in pieces]
    kept = [shard for shard in fitted if len(shard) > 1]
    used = sum(map(len, kept))
    if len(kept) < count:
        notes.append(
            f"{count - len(kept)} of {count} shards are left out: no two of their units fit into"
            f" {max_tokens:,} tokens"
        )
    if used < len(units):
        notes.append(
            f"{used:,} of {len(units):,} units are compared, as many as fit into {max_tokens:,}"
            " tokens per shard"
        )
    return _Shards(kept, tuple(notes))


def _units(texts: Sequence[str], labels: Sequence[Hashable] | None) -> list[str]:
    if labels is None:
        return list(texts)
    if len(labels) != len(texts):
        raise ValueError(f"got {len(labels)} units for {len(texts)} texts; each text needs one")
    runs = groupby(zip(labels, texts, strict=True), key=lambda pair: pair[0])
    return [_SEPARATOR.join(text for _, text in run) for _, run in runs]


def _fitted(tokenizer: Any, units: Sequence[str], max_tokens: int) -> list[str]:
    """The first units whose tokens fit in any order.

    A unit counts with a separator on either side: how a tokenizer cuts text may depend on what is
    beside it, but hardly on what is beyond a line break.
    """
    lengths = [len(_tokens(tokenizer, ["", unit, ""])) for unit in units]
    totals = np.cumsum([length - 1 for length in lengths]) + 1  # one start token for all
    return list(units[: sum(1 for _ in takewhile(lambda total: total <= max_tokens, totals))])


def _orders(units: Sequence[str], count: int, rng: np.random.Generator) -> Iterator[list[str]]:
    """Random orders, any but the present one."""
    present = np.arange(len(units))
    while count:
        order = rng.permutation(len(units))
        if (order != present).any():
            count -= 1
            yield [units[at] for at in order]


def _tokens(tokenizer: Any, units: Sequence[str]) -> Tokens:
    start = tokenizer.bos_token_id
    ids = tokenizer(_SEPARATOR.join(units), add_special_tokens=False, verbose=False)["input_ids"]
    return (tokenizer.eos_token_id if start is None else start, *ids)


def _log_likelihoods(model: Any, tokenizer: Any, orders: Sequence[Sequence[str]]) -> list[float]:
    """In nats, one per order; the same tokens are computed once."""
    sequences = [_tokens(tokenizer, order) for order in orders]
    distinct = list(dict.fromkeys(sequences))
    size = max(1, _LOGITS // (len(tokenizer) * max(map(len, distinct))))
    known: dict[Tokens, float] = {}
    for start in range(0, len(distinct), size):
        batch = distinct[start : start + size]
        known |= zip(batch, _batch_log_likelihoods(model, batch), strict=True)
    return [known[sequence] for sequence in sequences]


def _batch_log_likelihoods(model: Any, batch: Sequence[Tokens]) -> list[float]:
    """Padding is on the right, where a decoder's earlier positions do not see it."""
    import torch
    from torch.nn.functional import cross_entropy

    longest = max(map(len, batch))
    padded = [[*one, *[0] * (longest - len(one))] for one in batch]
    masks = [[1] * len(one) + [0] * (longest - len(one)) for one in batch]
    ids, mask = (torch.tensor(rows, device=model.device) for rows in (padded, masks))
    with torch.no_grad():
        logits = model(input_ids=ids, attention_mask=mask, use_cache=False).logits[:, :-1]
        loss = cross_entropy(
            logits.flatten(0, 1).float(), ids[:, 1:].flatten(), reduction="none"
        ).view(len(batch), -1)
    found: list[float] = (-(loss.double() * mask[:, 1:]).sum(1)).tolist()
    return found


@contextmanager
def _evaluating(model: Any) -> Iterator[None]:
    """Dropout is off inside; afterwards each module is in the mode it was in."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode
