"""A column kept inside a set of its values, exactly, while it is written token by token.

A set is given as a share for each code: 0 for a code outside, 1 for one inside, and between them for a cell of numbers
of which only a part lies inside (``age >= 60`` and the cell 58 .. 62), the probability of that part. Turned into arrays
over the automaton, it removes the tokens that lead to no code of the set. What probability that removes is known at
each step, so a row carries the weight

    w = product over steps of P(the tokens that were left | what came before),

and weighted rows are the model's own rows given the condition (sequential importance sampling: Doucet and Johansen
2009, section 3; the proposal is the model restricted step by step). For a value of one token the weight is exactly the
probability of the set.

It knows automata and codes. It refuses to know what a condition says.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from llmsynth.grammar.automaton import IntArray
from llmsynth.grammar.column_grammar import ColumnGrammar
from llmsynth.grammar.text_grammar import TextGrammar

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Restriction:
    """What is added to the log-probabilities of a column's tokens.

    Parameters
    ----------
    log_share : Tensor of float64, shape (n_states, n_local)
        Minus infinity for tokens that lead to no value of the set; the log share of a partly covered cell at the token
        that decides for it; 0 elsewhere.
    log_constant : float
        Added to the weight of every row: the log share of a column that has one code only, and so no token to choose.
    """

    log_share: torch.Tensor
    log_constant: float = 0.0

    def apply(self, logits: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, FloatArray]:
        """Restricted logits, and the log of the probability that is left, shape (m,)."""
        kept = torch.log_softmax(logits, dim=-1) + self.log_share.to(logits.device)[state]
        return kept, torch.logsumexp(kept, dim=-1).cpu().numpy()


def restrict(grammar: ColumnGrammar, share: FloatArray) -> Restriction:
    """Build a restriction.

    Parameters
    ----------
    grammar : ColumnGrammar
        Of a column with codes.
    share : ndarray of float64, shape (n_codes + 1,)
        Share in [0, 1] of each code that lies in the set; the last entry is the missing value's.

    Raises
    ------
    ValueError
        If every share is 0.
    """
    codes = np.flatnonzero(share > 0)
    if not codes.size:
        raise ValueError("a restriction needs at least one value")
    automaton = grammar.automaton
    codes = np.where(codes == share.size - 1, -1, codes)
    paths = grammar.encode(codes)
    states = automaton.walk(paths)[:, :-1]
    row, step = np.nonzero(paths >= 0)
    uses = np.zeros(automaton.next_state.shape, dtype=np.int64)
    np.add.at(uses, (states[row, step], paths[row, step]), 1)
    log_share, log_constant = np.where(uses > 0, 0.0, -np.inf), 0.0
    for place in np.flatnonzero(share[codes] < 1):
        path, passed = paths[place][paths[place] >= 0], states[place]
        # Paths are prefix-free: somewhere a path leaves the others for good, and there the decoder has a choice.
        own = [k for k, token in enumerate(path) if uses[passed[k], token] == 1 and automaton.n_choices[passed[k]] > 1]
        if own:
            log_share[passed[own[-1]], path[own[-1]]] = np.log(share[codes[place]])
        else:
            log_constant = float(np.log(share[codes[place]]))
    return Restriction(torch.from_numpy(log_share), log_constant)


def never_missing(grammar: ColumnGrammar) -> Restriction:
    """The restriction to values that are there, for any column that may be missing, free text too."""
    automaton = grammar.automaton
    path = _missing_path(grammar)
    states = automaton.walk(path[None])[0, :-1]
    log_share = np.where(automaton.legal, 0.0, -np.inf)
    # The mark of a missing value begins with a token of its own: without it no value can be missing.
    choices = np.flatnonzero(automaton.n_choices[states] > 1)
    log_share[states[choices[-1]], path[choices[-1]]] = -np.inf
    return Restriction(torch.from_numpy(log_share))


def only_missing(grammar: ColumnGrammar) -> Restriction:
    """The restriction to the missing value, for any column that may be missing, free text too."""
    path = _missing_path(grammar)
    states = grammar.automaton.walk(path[None])[0, :-1]
    log_share = np.full(grammar.automaton.next_state.shape, -np.inf)
    log_share[states, path] = 0.0
    return Restriction(torch.from_numpy(log_share))


def _missing_path(grammar: ColumnGrammar) -> IntArray:
    missing = np.array([None], dtype=object) if isinstance(grammar, TextGrammar) else np.array([-1])
    path: IntArray = grammar.encode(missing)[0]
    return np.asarray(path[path >= 0])
