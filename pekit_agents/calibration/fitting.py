"""Fitting a discriminant to looks at things, in closed form: pure array code.

Moment estimates of the two covariances, as in linear discriminant analysis, after projection to
the directions in which looks vary most. What makes probabilities hold, a slope and an offset, is
fitted by logistic regression to scores of things that the discriminant has not seen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.errors import InvalidInput
from pekit_agents.scoring import Discriminant
from pekit_agents.settings import MOST_LOG_ODDS
from pekit_agents.wording.messages import counted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pekit_agents.types import FloatArray

__all__ = [
    "BESIDE",
    "DIMENSIONS",
    "INDISTINCT",
    "Samples",
    "Trials",
    "fit_discriminant",
    "fit_priors",
    "fit_scale",
    "uncalibrated",
]

#: The condition of a region that is not the thing in its photo.
BESIDE = -1
#: d, at most: 64 lose, 128 to 400 differ within noise (docs/lab-book.md).
DIMENSIONS = 200
# Of the mean variance, added to every direction of either covariance: with this one the log-odds
# need no offset. 0.3 to 1 differ within noise.
_RIDGE = 0.3
_STEPS = 100
#: What is wrong where nothing can be fitted.
INDISTINCT = (
    "expected photos of a thing to be more alike than photos of other things, found that they are "
    "not; are the photos in the right folders, and of different things?"
)
_LEAST_SPREAD = 0.1  # variance: a look at one thing has 1
_RATES = np.geomspace(0.002, 0.5, 40)


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Views and regions of things, by one encoder.

    Attributes:
        vectors: (L, D) float32 unit vectors.
        things: (L,) int64: what each shows.
        conditions: (L,) int64: 0 as photographed, else the number of a way to see it badly, or
            :data:`BESIDE` for another region of its photo, a part of it or of what is around it.
    """

    vectors: FloatArray
    things: NDArray[np.int64]
    conditions: NDArray[np.int64]

    def of(self, things: NDArray[np.int64]) -> Samples:
        """Return the looks at some of the things."""
        some = np.isin(self.things, things)
        return Samples(self.vectors[some], self.things[some], self.conditions[some])


@dataclass(frozen=True, slots=True, eq=False)
class Trials:
    """Scores of photos against objects, of the same thing and of other things.

    Attributes:
        scores: (S,) float64.
        same: (S,) bool: whether the photo shows the object.
        weights: (S,) float64: how much each counts.
    """

    scores: NDArray[np.float64]
    same: NDArray[np.bool_]
    weights: NDArray[np.float64]


def fit_discriminant(
    looks: Samples, background: FloatArray, *, dimensions: int = DIMENSIONS
) -> Discriminant:
    """Return a discriminant whose log-odds are not scaled yet.

    Args:
        looks: At three things or more, two of which have two looks or more.
        background: (M, D) float32 unit vectors of regions of anything else. They say in which
            directions vectors vary, and where "anything else" lies. M may be 0.
        dimensions: d, at most.

    Raises:
        InvalidInput: There are too few things or looks, or nothing tells the things apart.
    """
    plain = looks.conditions == 0
    vectors, things = looks.vectors[plain].astype(np.float64), looks.things[plain]
    names, counts = np.unique(things, return_counts=True)
    if len(names) < 3 or (counts > 1).sum() < 2:
        raise InvalidInput(
            "expected looks at three things or more, two or more at two of them, found "
            f"{counted(len(names), 'thing')}, {int((counts > 1).sum())} of which have several"
        )
    anything_else = np.concatenate([background, looks.vectors[looks.conditions == BESIDE]])
    # No more of anything else than of things, or the axes would be those of backgrounds.
    step = max(1, -(-len(anything_else) // len(vectors)))
    everything = np.concatenate([vectors, anything_else[::step]])
    centre = everything.mean(axis=0)
    spread = np.linalg.eigh(np.cov((everything - centre).T))
    # Fewer looks than dimensions leave directions in which nothing varies.
    rank = min(dimensions, len(everything) - 1, vectors.shape[1])
    axes = spread.eigenvectors[:, ::-1][:, :rank]

    def plane(some: NDArray[np.float64]) -> NDArray[np.float64]:
        flat = (some - centre) @ axes
        scaled: NDArray[np.float64] = flat / np.maximum(
            np.linalg.norm(flat, axis=1, keepdims=True), 1e-12
        )
        return scaled

    points = plane(vectors)
    means = np.stack([points[things == name].mean(axis=0) for name in names])
    within = _within(points - means[np.searchsorted(names, things)], things)
    # Samples that are all the same have no spread at all; vectors are no more exact.
    within += np.finfo(np.float32).eps * points.var(axis=0).mean() * np.eye(rank)
    between = _positive(np.cov(means.T) - within * (1 / counts).mean())
    if not between.any():
        raise InvalidInput(INDISTINCT)
    basis, variances = _diagonalise(_ridged(within), _ridged(between))
    origin = means.mean(axis=0)
    made = Discriminant(
        centre=centre.astype(np.float32),
        axes=axes.astype(np.float32),
        origin=origin.astype(np.float32),
        basis=basis.astype(np.float32),
        between=variances.astype(np.float32),
        conditions=np.zeros((0, rank), np.float32),
        spreads=np.zeros((0, rank), np.float32),
        slope=1.0,
        offset=0.0,
        rates=np.array([0.0, 1.0], np.float32),
        priors=np.zeros(2, np.float32),
    )
    means_, spreads = _conditions(made, looks, anything_else)
    return replace(made, conditions=means_, spreads=spreads)


def uncalibrated(discriminant: Discriminant) -> Discriminant:
    """Return the bare log-likelihood ratio: no slope, no offset, no conditions."""
    none = discriminant.conditions[:0]
    return replace(discriminant, conditions=none, spreads=none, slope=1.0, offset=0.0)


def fit_scale(trials: Trials, *, slope: float | None = None) -> float:
    """Return the slope, or the offset for a slope, that makes probabilities hold.

    Logistic regression with one free number, by Newton's method:
    ``P(same) = 1 / (1 + exp(-(slope * score + offset)))``.

    Args:
        trials: Scores without a scale; with their scale if ``slope`` is given.
        slope: None fits the slope of a line through 0; 1 fits the offset.

    Raises:
        InvalidInput: All trials are of the same kind.
    """
    if trials.same.all() or not trials.same.any():
        raise InvalidInput("expected trials of the same thing and of other things")
    value = 0.0
    gradient = trials.scores if slope is None else np.ones_like(trials.scores)
    fixed = 0.0 if slope is None else slope * trials.scores
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(value * gradient + fixed, -60, 60)))
        error = (trials.weights * (chance - trials.same) * gradient).sum()
        curve = (trials.weights * chance * (1 - chance) * gradient**2).sum()
        step = error / max(curve, 1e-12)
        value -= float(np.clip(step, -1, 1))
        if abs(step) * np.abs(gradient).max() < 1e-7:  # in log-odds: scores may be of any size
            break
    return value


def fit_priors(trials: Trials, named: float) -> tuple[FloatArray, FloatArray]:
    """Return shares of other things that are named, and the prior log-odds that lead to each.

    Args:
        trials: Scores with their scale.
        named: As in :class:`~pekit_agents.settings.MatchSettings`.

    Returns:
        Rates and priors, (S,) float32 each, the rates ascending.
    """
    others = ~trials.same
    order = np.argsort(-trials.scores[others])
    scores, weights = trials.scores[others][order], trials.weights[others][order]
    above = np.cumsum(weights) / weights.sum()
    level = np.interp(_RATES, above, scores) - np.log(named / (1 - named))
    # Few trials that are easily told apart lead to log-odds of any size.
    priors = level.clip(-MOST_LOG_ODDS, MOST_LOG_ODDS)
    return _RATES.astype(np.float32), priors.astype(np.float32)


def _within(residuals: NDArray[np.float64], things: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return W: the mean over the things of the covariance of the looks at each."""
    covariances = []
    for name in np.unique(things):
        own = residuals[things == name]
        if len(own) > 1:
            covariances.append(own.T @ own / (len(own) - 1))
    within: NDArray[np.float64] = np.mean(covariances, axis=0)
    return within


def _positive(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the matrix without its negative eigenvalues."""
    values, vectors = np.linalg.eigh(matrix)
    cut: NDArray[np.float64] = (vectors * np.maximum(values, 0)) @ vectors.T
    return cut


def _ridged(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    ridged: NDArray[np.float64] = matrix + _RIDGE * np.trace(matrix) / len(matrix) * np.eye(
        len(matrix)
    )
    return ridged


def _diagonalise(
    within: NDArray[np.float64], between: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the basis, (d, d), in which W = I and B is diagonal, and that diagonal, (d,)."""
    values, vectors = np.linalg.eigh(within)
    white = vectors * values**-0.5
    variances, turned = np.linalg.eigh(white.T @ between @ white)
    return white @ turned, variances


def _conditions(
    discriminant: Discriminant, looks: Samples, anything_else: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return where things seen badly lie, each thing's own place taken off, and anything else.

    Returns:
        Means and variances, (C, d) float32 each. Things seen badly spread as things do.
    """
    projected = discriminant.project(looks.vectors)
    plain = looks.conditions == 0
    found = []
    for condition in np.unique(looks.conditions[looks.conditions > 0]):
        shifts = []
        for thing in np.unique(looks.things):
            own = looks.things == thing
            bad = own & (looks.conditions == condition)
            if bad.any() and (own & plain).any():
                shifts.append(projected[bad].mean(axis=0) - projected[own & plain].mean(axis=0))
        if shifts:
            found.append(np.mean(shifts, axis=0))
    spreads = [discriminant.between + 1] * len(found)
    if len(anything_else) > 1:
        anything = discriminant.project(anything_else)
        found.append(anything.mean(axis=0))
        spreads.append(np.maximum(anything.var(axis=0), _LEAST_SPREAD))
    shape = (-1, len(discriminant.between))
    return (
        np.array(found, np.float32).reshape(shape),
        np.array(spreads, np.float32).reshape(shape),
    )
