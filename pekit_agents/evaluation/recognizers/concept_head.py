"""A linear head for one concept: regularised logistic regression, by Newton's method.

The loss is convex and the method has no chance in it, so no seed is needed and nothing but the
photos decides what comes out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pekit_agents.types import FloatArray

__all__ = ["fit_heads"]

_PENALTY = 1e-3  # on the squared weights: little, the photos of one thing are few
_STEPS = 50
_CONVERGED = 1e-8


def fit_heads(vectors: FloatArray, labels: NDArray[np.bool_]) -> tuple[FloatArray, FloatArray]:
    """Return one head for each concept.

    Positives and negatives weigh half of the loss each, however few the positives are.

    Args:
        vectors: (M, D) float32.
        labels: (M, C) bool: which vectors show which concept; each column has both kinds.

    Returns:
        Weights (D, C) and biases (C,), float32: ``sigmoid(vectors @ weights + biases)`` is the
        probability of each concept.
    """
    centre = vectors.mean(axis=0)
    # In the vectors' own span the problem is the same, with at most M unknowns instead of D.
    left, scale, right = np.linalg.svd((vectors - centre).astype(np.float64), full_matrices=False)
    inside = np.hstack([left * scale, np.ones((len(vectors), 1))])
    solved = np.stack([_newton(inside, column) for column in labels.T], axis=1)
    weights = right.T @ solved[:-1]
    biases = solved[-1] - centre @ weights
    return weights.astype(np.float32), biases.astype(np.float32)


def _newton(inputs: NDArray[Any], labels: NDArray[np.bool_]) -> NDArray[Any]:
    """Return the minimum: weights, then the bias, which alone is not penalised."""
    share = np.where(labels, 0.5 / labels.sum(), 0.5 / (~labels).sum())
    penalty = np.full(inputs.shape[1], _PENALTY)
    penalty[-1] = 0.0
    found = np.zeros(inputs.shape[1])
    loss = _loss(found, inputs, labels, share, penalty)
    for _ in range(_STEPS):
        chance = _sigmoid(inputs @ found)
        slope = inputs.T @ (share * (chance - labels)) + penalty * found
        curve = (inputs.T * (share * chance * (1 - chance))) @ inputs
        step = np.linalg.solve(curve + np.diag(penalty + 1e-12), slope)
        stride = 1.0
        while stride > _CONVERGED:
            ahead = found - stride * step
            least = _loss(ahead, inputs, labels, share, penalty)
            if least <= loss:
                break
            stride /= 2  # a whole step may overshoot far from the minimum
        else:
            break
        done = loss - least < _CONVERGED
        found, loss = ahead, least
        if done:
            break
    return found


def _loss(
    found: NDArray[Any],
    inputs: NDArray[Any],
    labels: NDArray[np.bool_],
    share: NDArray[Any],
    penalty: NDArray[Any],
) -> float:
    margin = np.where(labels, 1, -1) * (inputs @ found)
    return float(share @ np.logaddexp(0, -margin) + 0.5 * penalty @ found**2)


def _sigmoid(values: NDArray[Any]) -> NDArray[Any]:
    logistic: NDArray[Any] = 0.5 * (1 + np.tanh(values / 2))
    return logistic
