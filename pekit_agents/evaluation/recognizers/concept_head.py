"""Linear heads for concepts: one regularised logistic regression each, by scikit-learn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.errors import MissingDependency
from pekit_agents.wording.messages import clause

try:
    from sklearn.base import clone
    from sklearn.linear_model import LogisticRegression
except ModuleNotFoundError as exc:
    raise MissingDependency(
        f"concept heads are trained with scikit-learn ({clause(exc)}); "
        'install it with: pip install "pekit-agents[eval]"'
    ) from exc

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pekit_agents.types import FloatArray

__all__ = ["fit_heads"]

_PENALTY = 1e-3  # on half the squared weights: little, the photos of one thing are few
_CONVERGED = 1e-9  # of the slope of the loss


def fit_heads(vectors: FloatArray, labels: NDArray[np.bool_]) -> tuple[FloatArray, FloatArray]:
    """Return one head for each concept.

    Positives and negatives weigh half of the loss each, however few the positives are. The loss
    is convex and the solver has no chance in it, so the photos alone decide what comes out.

    Args:
        vectors: (M, D) float32.
        labels: (M, C) bool: which vectors show which concept; each column has both kinds.

    Returns:
        Weights (D, C) and biases (C,), float32: ``sigmoid(vectors @ weights + biases)`` is the
        probability of each concept.
    """
    inputs = vectors.astype(np.float64)
    head = LogisticRegression(
        C=1 / (_PENALTY * len(inputs)),  # it sums the loss of M examples that weigh M together
        class_weight="balanced",
        solver="newton-cg",
        tol=_CONVERGED,
        max_iter=1000,
    )
    heads = [clone(head).fit(inputs, column) for column in labels.T]
    weights = np.concatenate([each.coef_ for each in heads]).T
    biases = np.concatenate([each.intercept_ for each in heads])
    return weights.astype(np.float32), biases.astype(np.float32)
