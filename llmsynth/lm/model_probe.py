"""Whether a pretrained transformer is one that llmsynth can train and decode, asked before any training.

Hugging Face loads far more than decoders as causal language models. An encoder would see the answers it is trained to
give; a recurrent model has no keys and values to keep; a model with a window takes padding between two tokens for
distance. Names and settings tell these apart badly, new architectures come every week, so the model itself is asked: a
few tokens go through it as training and decoding would send them, and what comes out is compared.

This file knows what has to agree. It refuses to know any architecture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from llmsynth.errors import InputError
from llmsynth.grammar.automaton import IntArray
from llmsynth.grammar.row import RowGrammar
from llmsynth.lm.cache import DecoderCache
from llmsynth.lm.memory import CACHE_SHARE, cached_bytes, free_memory
from llmsynth.lm.model import LanguageModel

N_TOKENS = 8
LATER = slice(4, N_TOKENS)
"""The tokens that come after the gap."""
STEPS = (((1, 1, 1, 1), (1, 1, 1, 0)), ((1, 0, 1), (1, 1, 1)), ((1,), (0,)), ((1, 0), (1, 1)))
"""What is fed to two rows at each step: 1 is the row's next token, 0 padding. The wide gap follows the first step."""
ROOM = 64
"""Positions that a batch may be wider than its longest row, before gaps are closed."""
EXACT, ROUNDED = 1e-5, 1e-2
"""Difference of hidden states, relative to their size, that rounding makes: in float32, and in shorter types."""
EXACT_SHARE, ROUNDED_SHARE = 0.03, 0.3
"""The same relative to what another first token changes in the states of the last ones. A past that is lost or moved
away changes about as much, however little a model's states depend on it."""
AGREEMENT = 0.9
"""Least correlation of what hidden states and output rows say with what the model itself says; its own is at least
0.98, whatever biases and scales it has."""
AS_IS = 0.05
"""A scale that is so near to 1 is 1."""
CHOOSE = "Choose a decoder such as smollm2-135m, Llama or Qwen, or model='compact'"


@dataclass(frozen=True)
class Decoding:
    """What was found out about a transformer that can be decoded.

    Attributes
    ----------
    widest : int
        Positions up to which gaps in its `DecoderCache` do no harm; see there.
    bytes_per_position : int
        What its cache holds of each position of a row.
    scale : float
        Its own logits, relative to the product of its hidden states and output rows.
    """

    widest: int
    bytes_per_position: int
    scale: float


def probe(model: LanguageModel, causal: Any) -> Decoding:
    """Refuse a transformer that reads ahead, decodes otherwise than it is trained, or does not end in one product.

    Parameters
    ----------
    model : LanguageModel
        Untrained or trained; unchanged afterwards.
    causal : transformers.PreTrainedModel
        The transformer in it, for its device and its name.

    Returns
    -------
    Decoding

    Raises
    ------
    InputError
        Naming the model and its architecture.
    """
    modes = [(module, module.training) for module in causal.modules()]
    causal.eval()
    try:
        with torch.no_grad():
            return _probe(model, causal)
    finally:
        for module, mode in modes:
            module.training = mode


def _probe(model: LanguageModel, causal: Any) -> Decoding:
    tokens = torch.from_numpy(_probe_tokens(model.grammar)).to(causal.device)
    problem: Exception | None = None
    try:
        whole = model.hidden(tokens, tokens, tokens)
        said = causal(input_ids=tokens, use_cache=False).logits
        kept = _kept_of_a_position(model, tokens)
    except torch.OutOfMemoryError:
        raise
    except Exception as error:  # the boundary: an architecture may fail in any way
        raise _refusal(causal, error) from error
    if not bool(torch.isfinite(whole).all()):
        raise _not_finite(causal, "states")
    exact = whole.dtype in (torch.float32, torch.float64)
    whole = whole.double()
    first, other_last, other_first = whole
    noise, share = (EXACT, EXACT_SHARE) if exact else (ROUNDED, ROUNDED_SHARE)
    before = slice(0, N_TOKENS - 1)
    if (first[before] - other_last[before]).norm() > noise * first[before].norm():
        raise InputError(
            f"{_name(causal)} reads text in both directions, and would see the values it is to write: expected a "
            f"causal language model. {CHOOSE}"
        )
    scale = _scale_of_logits(causal, whole, said, _used_tokens(model.grammar))
    allowed = max(share * float((first - other_first)[LATER].norm()), noise * float(first[LATER].norm()))
    for gap in (_wide_gap(model, kept), 0):
        try:
            stepped = _step_by_step(model, tokens[[0, 2]], DecoderCache(2, causal.device, None if gap else 0), gap)
        except torch.OutOfMemoryError:
            raise
        except Exception as error:
            problem = error
            continue
        problem = None
        if bool(((stepped - whole[[0, 2]])[:, LATER].flatten(1).norm(dim=1) <= allowed).all()):  # never of NaN
            if not gap:
                _check_longest(model, causal, tokens[:1], model.grammar.most_positions)
            return Decoding(gap, kept, scale)
    raise _refusal(causal, problem) from problem


def _kept_of_a_position(model: LanguageModel, tokens: torch.Tensor) -> int:
    """Bytes that a cache holds of a position, as two rows of two say; settings tell it in too many ways."""
    cache, two = DecoderCache(2, tokens.device), tokens[:2, :2]
    model.step(two, two, two, cache)
    return cached_bytes(cache.layers) // 4


def _scale_of_logits(causal: Any, hidden: torch.Tensor, logits: torch.Tensor, used: IntArray) -> float:
    """How much larger the model's own logits are than hidden states times output rows; refuses where those say else.

    Some models have a layer between the two. Biases of tokens do not matter, since every state gets one of its own.
    """
    weight = causal.get_output_embeddings().weight
    if not weight.is_floating_point():  # packed into fewer bits, and no layer between for that
        return 1.0
    if weight.shape[-1] != hidden.shape[-1]:
        raise InputError(
            f"{_name(causal)} has output rows {weight.shape[-1]} wide for hidden states {hidden.shape[-1]} wide: "
            f"expected one product between them. {CHOOSE}"
        )
    columns = torch.from_numpy(used).to(weight.device)
    ours = (hidden @ weight[columns].double().T).flatten(0, 1)
    own = logits[..., columns].double().flatten(0, 1)
    if not bool(torch.isfinite(own).all()):
        raise _not_finite(causal, "logits")
    ours, own = ours - ours.mean(dim=0), own - own.mean(dim=0)
    both = float(ours.norm() * own.norm())
    if not both > 0:  # it says the same of every text
        return 1.0
    product = float((ours * own).sum())
    if product < AGREEMENT * both:
        raise InputError(
            f"{_name(causal)} has a layer of its own between its hidden states and its output rows, which this library "
            f"does not train: expected one product between them. {CHOOSE}"
        )
    scale = product / float((ours * ours).sum())
    return 1.0 if abs(scale - 1.0) < AS_IS else scale


def _not_finite(causal: Any, what: str) -> InputError:
    return InputError(
        f"{_name(causal)} gives {what} that are not finite: expected weights of numbers. Download the model anew"
    )


def _wide_gap(model: LanguageModel, kept: int) -> int:
    """A gap as wide as gaps can become in a batch, or as memory has room for; in wider batches they are closed."""
    room = CACHE_SHARE * free_memory(model.device) / (2 * max(1, kept))
    return max(1, min(model.grammar.most_positions + ROOM, int(room)))


def _step_by_step(model: LanguageModel, tokens: torch.Tensor, cache: DecoderCache, gap: int) -> torch.Tensor:
    """Hidden states of two rows that are padded in different places, as the decoder feeds them, (2, n, width)."""
    found: tuple[list[torch.Tensor], list[torch.Tensor]] = ([], [])
    fed = torch.zeros((2, 1), dtype=torch.long, device=tokens.device)
    for number, step in enumerate(STEPS):
        real = torch.tensor(step, dtype=torch.bool, device=tokens.device)
        places = (fed + real.long().cumsum(dim=1) - 1).clamp(min=0)
        cache.announce(real)
        here = tokens.gather(1, places)
        hidden = model.step(here, here, here, cache)
        for row, states in enumerate(found):
            states.append(hidden[row][real[row]])
        fed = fed + real.sum(dim=1, keepdim=True)
        if number == 0 and gap:
            cache.fill(gap)
    return torch.stack([torch.cat(states) for states in found]).double()


def _check_longest(model: LanguageModel, causal: Any, tokens: torch.Tensor, most: int) -> None:
    """Refuse rows that may grow longer than what the transformer has room for at all."""
    cache = DecoderCache(1, causal.device, 0)
    start, new = tokens[:, :4], tokens[:, :1]
    model.step(start, start, start, cache)
    cache.fill(max(0, most - 5), real=True)
    try:
        model.step(new, new, new, cache)
    except torch.OutOfMemoryError:
        raise
    except Exception as error:
        raise InputError(
            f"{_name(causal)} cannot write rows of up to {most:,} tokens, as this table's may be ({_reason(error)}): "
            "drop or shorten the widest columns, set max_length for text columns in the schema, or use model='compact'"
        ) from error


def check_tokens(causal: Any, grammar: RowGrammar) -> None:
    """Refuse a transformer that lacks rows for tokens that its tokenizer uses.

    Parameters
    ----------
    causal : transformers.PreTrainedModel
        Its first and its last layer are looked at.
    grammar : RowGrammar
        The tokens in use.

    Raises
    ------
    InputError
        Naming the token's number and the number of rows.
    """
    largest = int(_used_tokens(grammar).max())
    for kind, layer in (("input", causal.get_input_embeddings()), ("output", causal.get_output_embeddings())):
        weight = getattr(layer, "weight", None)
        if weight is None:
            raise InputError(f"{_name(causal)} has no {kind} layer with a row for each token. {CHOOSE}")
        if weight.ndim == 2 and largest >= weight.shape[0] and weight.is_floating_point():  # 4-bit weights are packed
            raise InputError(
                f"{_name(causal)}: its tokenizer uses token {largest:,}, but its {kind} layer has {weight.shape[0]:,} "
                "rows; take tokenizer and weights from the same model"
            )


def _used_tokens(grammar: RowGrammar) -> IntArray:
    """Numbers of all tokens that a row can hold, increasing."""
    spans = [np.array(span, dtype=np.int64) for span in (*grammar.first_spans, *grammar.later_spans)]
    values = [column.automaton.token_ids for column in grammar.columns]
    return np.unique(np.concatenate([[grammar.start_id], *spans, *values]).astype(np.int64))


def _probe_tokens(grammar: RowGrammar) -> IntArray:
    """Three texts, (3, n): one, the same with another last token, the same with another first token."""
    used = _used_tokens(grammar)
    text = used[np.linspace(0, used.size - 1, N_TOKENS).astype(np.int64)]
    return np.stack([text, np.append(text[:-1], text[0]), np.append(text[-1], text[1:])])


def _refusal(causal: Any, problem: Exception | None) -> InputError:
    why = "gives other states than when the same text is read at once" if problem is None else _reason(problem)
    return InputError(
        f"{_name(causal)} cannot be decoded token by token ({why}): expected attention with an ordinary cache of keys "
        f"and values. {CHOOSE}"
    )


def _reason(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0].strip()[:120]}" if lines else type(error).__name__


def _name(causal: Any) -> str:
    kind = getattr(causal.config, "model_type", "") or type(causal).__name__
    return f"model {causal.name_or_path!r} ({kind})" if causal.name_or_path else f"model of type {kind}"
