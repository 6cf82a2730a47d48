"""Scores of regions against remembered objects: pure array code, no model and no storage.

Two rules turn vectors into scores:

- :class:`Cosine` is the paper's (section 3.3): the cosine to the most similar view.
- :class:`Discriminant` is a probabilistic linear discriminant (PLDA). It was fitted once, on things
  that nobody remembers, and says by how much a region speaks for "the same thing as these views"
  against "another thing": the logarithm of the odds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from pekit_agents.errors import InvalidInput

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pekit_agents.types import FloatArray

__all__ = [
    "COSINE",
    "Cosine",
    "Discriminant",
    "Grouped",
    "Identities",
    "Nearest",
    "Scorer",
    "nearest_objects",
]

_BLOCK = 1 << 22  # scores that are held at a time


@dataclass(frozen=True, slots=True, eq=False)
class Grouped:
    """Vectors of N objects, one object's after the other's.

    Attributes:
        vectors: (M, D) float32 unit vectors.
        starts: (N + 1,) int64: those of object i are ``vectors[starts[i]:starts[i + 1]]``.
    """

    vectors: FloatArray
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, groups: Sequence[FloatArray], dim: int) -> Grouped:
        """Return (n_i, D) vectors of each of N objects under each other."""
        vectors = np.concatenate([np.zeros((0, dim), np.float32), *groups])
        return cls(vectors, np.cumsum([0, *map(len, groups)]))

    @property
    def count(self) -> int:
        """N, how many objects there are."""
        return len(self.starts) - 1

    @property
    def sizes(self) -> NDArray[np.int64]:
        """(N,) int64: how many vectors each object has."""
        return np.diff(self.starts)


class Identities(Protocol):
    """N remembered objects, made ready by a scorer for regions to be compared with them."""

    def scores(self, queries: FloatArray) -> FloatArray:
        """Return (K, N) float32: how much each of (K, D) regions speaks for each object."""
        ...


class Scorer(Protocol):
    """A rule that compares regions with objects."""

    def identities(self, views: Grouped, rejected: Grouped) -> Identities:
        """Make objects ready to be compared with.

        Args:
            views: The views of N objects, at least one each.
            rejected: What each of the same objects was said not to be; may be none.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Nearest:
    """For each of K regions the R objects that it speaks for most.

    Attributes:
        objects: (K, R) int64 indices, the best first; -1 where none scores above the floor.
        scores: (K, R) float32 scores; -inf where there is no object.
        total: (K,) float32: the logarithm of the sum of ``exp(score)`` over *all* objects.
    """

    objects: NDArray[np.int64]
    scores: FloatArray
    total: FloatArray

    @classmethod
    def nothing(cls, regions: int, ranks: int) -> Nearest:
        """Return the answer for regions that speak for no object."""
        shape = (regions, ranks)
        nothing = np.full(shape, -np.inf, np.float32)
        return cls(np.full(shape, -1), nothing, np.full(regions, -np.inf, np.float32))

    def or_better(self, other: Nearest, *, offset: int) -> Nearest:
        """Return the best of two answers for each region; of this one where they are equal.

        Args:
            other: The answer for the same regions from other objects, with as many ranks.
            offset: What to add to the indices of ``other``.
        """
        moved = np.where(other.objects < 0, -1, other.objects + offset)
        objects = np.concatenate([self.objects, moved], axis=1)
        scores = np.concatenate([self.scores, other.scores], axis=1)
        ranks = self.objects.shape[1]
        order = np.argsort(-scores, axis=1, kind="stable")[:, :ranks]
        return Nearest(
            np.take_along_axis(objects, order, axis=1),
            np.take_along_axis(scores, order, axis=1),
            np.logaddexp(self.total, other.total),
        )

    def rows(self, begin: int, end: int) -> Nearest:
        """Return the answer for some of the regions."""
        return Nearest(self.objects[begin:end], self.scores[begin:end], self.total[begin:end])


def nearest_objects(
    queries: FloatArray, identities: Identities, *, count: int, floor: float, ranks: int
) -> Nearest:
    """Return for each region the objects that it speaks for most.

    Args:
        queries: (K, D) float32 unit vectors of the regions.
        identities: The objects, as a scorer made them ready.
        count: N, how many there are.
        floor: Scores up to this one are of no interest.
        ranks: R, how many objects to name for a region.
    """
    answer = Nearest.nothing(len(queries), ranks)
    if not count or not len(queries):
        return answer
    step = max(1, _BLOCK // count)
    for begin in range(0, len(queries), step):
        block = slice(begin, begin + step)
        scores = identities.scores(queries[block])  # (K, N)
        answer.total[block] = _log_sum_exp(scores)
        for rank in range(min(ranks, count)):
            best = scores.argmax(axis=1)
            every = np.arange(len(scores))
            score = scores[every, best]
            above = score > floor
            if not above.any():
                break
            answer.objects[block, rank] = np.where(above, best, -1)
            answer.scores[block, rank] = np.where(above, score, -np.inf)
            scores[every, best] = -np.inf
    return answer


def _log_sum_exp(scores: FloatArray) -> FloatArray:
    highest = scores.max(axis=1)
    finite = np.where(np.isfinite(highest), highest, 0)
    with np.errstate(divide="ignore"):
        total: FloatArray = np.log(np.exp(scores - finite[:, None]).sum(axis=1)) + finite
    return total


class Cosine:
    """The paper's score (3.3): the cosine to an object's most similar view, in [-1, 1].

    A region that is more similar to something that an object was said not to be is not that
    object: it scores -1.
    """

    def identities(self, views: Grouped, rejected: Grouped) -> Identities:
        """Make objects ready to be compared with."""
        return _Views(views, rejected)


#: The one that everybody shares.
COSINE = Cosine()


@dataclass(frozen=True, slots=True, eq=False)
class _Views:
    views: Grouped
    rejected: Grouped

    def scores(self, queries: FloatArray) -> FloatArray:
        scores = _best_of_each(queries, self.views)
        if len(self.rejected.vectors):
            against = _best_of_each(queries, self.rejected)
            scores = np.where(against > scores, np.float32(-1), scores)
        return scores


def _best_of_each(queries: FloatArray, grouped: Grouped) -> FloatArray:
    """Return (K, N): the highest cosine to a vector of each object; -inf where it has none."""
    best = np.full((len(queries), grouped.count), -np.inf, np.float32)
    (some,) = np.nonzero(grouped.sizes)
    if len(some):
        cosines = queries @ grouped.vectors.T  # (K, M)
        best[:, some] = np.maximum.reduceat(cosines, grouped.starts[some], axis=1)
    return best


@dataclass(frozen=True, slots=True, eq=False)
class Discriminant:
    """A probabilistic linear discriminant: log-odds of "the same thing" against "another thing".

    A thing has an identity y ~ N(m, B), and a look at it is x = y + e with e ~ N(0, W). The same
    basis diagonalises both covariances, so that there W = I and B = diag(b), and every dimension
    counts by itself. With n views whose mean is v, the identity's posterior is

        N(k v, b (1 - k)) with k = b / (b + 1 / n),

    and a region at x speaks for the object by the log-likelihood ratio (Ioffe 2006, eq. 6; Prince
    and Elder 2007, sec. 3)

        L = log N(x; k v, b (1 - k) + 1) - log N(x; 0, b + 1).

    Several views sharpen the posterior by themselves. Nothing is fitted for a user: B and W are
    those of things at large, see :mod:`pekit_agents.calibration`. Gaussians in so many dimensions
    are overconfident, so log-odds are ``slope * L``.

    "Another thing" may be another thing *seen badly*: blurred, dark, overexposed. Such photos of
    different things resemble each other, so each condition c has a mean m_c of its own. It may be
    *anything else*, such as a part of a background: a condition with a variance v_c of its own. And
    what an object was said not to be is another thing as well. All compete in one formula,

        score = slope * L + offset - log(1 + sum over c of exp(slope * L_c)
                                           + sum over r of exp(slope * L_r)),

    with L_c = log N(x; m_c, v_c) - log N(x; 0, b + 1), and L_r the log-likelihood ratio of a look
    that was rejected. What speaks no more for the object than for what was rejected is not even
    possibly the object: its score is -inf. ``slope`` and ``offset`` were fitted so that
    probabilities hold.

    Attributes:
        centre: (D,) float32, the mean of unit vectors, which is taken off.
        axes: (D, d) float32, orthonormal: the directions in which they vary most.
        origin: (d,) float32: m, among vectors that were projected and scaled to unit length.
        basis: (d, d) float32: to where W = I and B is diagonal.
        between: (d,) float32: b, the variance of identities; positive.
        conditions: (C, d) float32: m_c, where things seen badly and anything else lie; C may be 0.
        spreads: (C, d) float32: v_c, how far they spread; positive.
        slope: Of the log-odds; positive.
        offset: Of the log-odds.
        rates: (S,) float32, ascending: shares of photos of other things of its kind that are named.
        priors: (S,) float32: the log-odds of "another thing" that lead to each.
    """

    centre: FloatArray
    axes: FloatArray
    origin: FloatArray
    basis: FloatArray
    between: FloatArray
    conditions: FloatArray
    spreads: FloatArray
    slope: float
    offset: float
    rates: FloatArray
    priors: FloatArray

    def __post_init__(self) -> None:
        width, dim = len(self.centre), len(self.origin)
        shapes = {
            "axes": (width, dim),
            "basis": (dim, dim),
            "between": (dim,),
            "conditions": (len(self.conditions), dim),
            "spreads": (len(self.conditions), dim),
            "priors": self.rates.shape,
        }
        for name, expected in shapes.items():
            found = getattr(self, name).shape
            if found != expected:
                raise InvalidInput(f"expected {name} of shape {expected}, found {found}")
        if not (self.slope > 0 and (self.between > 0).all() and (self.spreads > 0).all()):
            raise InvalidInput("expected a positive slope and positive variances")

    def project(self, vectors: FloatArray) -> FloatArray:
        """Return (K, d) float32: unit vectors, (K, D), where W = I and B is diagonal."""
        plane = (vectors - self.centre) @ self.axes
        plane /= np.maximum(np.linalg.norm(plane, axis=1, keepdims=True), 1e-12)
        projected: FloatArray = np.matmul(plane - self.origin, self.basis)
        return projected

    def identities(self, views: Grouped, rejected: Grouped) -> Identities:
        """Make objects ready to be compared with."""
        return _Posteriors(
            self,
            self._posteriors(views, self.offset),
            self._conditions(),
            self._posteriors(_one_by_one(rejected), 0.0),
            rejected.starts,
        )

    def seen_badly(self, vectors: FloatArray) -> NDArray[np.bool_]:
        """Return of (K, D) unit vectors which show a thing badly: (K,).

        A thing seen badly is the likeliest of all that compete with "another thing" for it.
        """
        projected = self.project(vectors)
        likely = self._conditions().at(np.concatenate([projected**2, projected], axis=1))  # (K, C)
        # Things seen badly spread as things do, anything else does not.
        badly = (self.spreads == self.between + 1).all(axis=1)
        best = np.max(likely[:, badly], axis=1, initial=-np.inf)
        shown: NDArray[np.bool_] = best > np.max(likely[:, ~badly], axis=1, initial=0.0)
        return shown

    def prior(self, strictness: float) -> float:
        """Return the log-odds of "another thing" for a share of other things that are named."""
        return float(np.interp(strictness, self.rates, self.priors))

    def _posteriors(self, views: Grouped, offset: float) -> _Quadratic:
        """Return ``slope * L + offset`` of each object, as a function of a projected region."""
        if not len(views.vectors):
            empty = np.zeros((0, 2 * len(self.between)), np.float32)
            return _Quadratic(empty, np.zeros(0, np.float32))
        sums = np.add.reduceat(self.project(views.vectors), views.starts[:-1], axis=0)
        count = views.sizes[:, None].astype(np.float32)
        gain = self.between / (self.between + 1 / count)  # k
        mean, spread = gain * sums / count, self.between * (1 - gain) + 1
        apart = self.between + 1
        square = (1 / apart - 1 / spread) / 2
        level = -(np.log(spread / apart) + mean**2 / spread).sum(axis=1) / 2
        both = np.concatenate([square, mean / spread], axis=1)  # (N, 2 d)
        return _Quadratic(
            (self.slope * both).astype(np.float32),
            (self.slope * level + offset).astype(np.float32),
        )

    def _conditions(self) -> _Quadratic:
        """Return ``slope * L_c`` of each condition, as a function of a projected region."""
        apart = self.between + 1
        square = (1 / apart - 1 / self.spreads) / 2
        linear = self.conditions / self.spreads
        level = -(self.conditions * linear + np.log(self.spreads / apart)).sum(axis=1) / 2
        both = np.concatenate([square, linear], axis=1)  # (C, 2 d)
        return _Quadratic(
            (self.slope * both).astype(np.float32), (self.slope * level).astype(np.float32)
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Quadratic:
    """Functions of a projected region: ``coefficients @ [x * x, x] + level``.

    Attributes:
        coefficients: (N, 2 d) float32.
        level: (N,) float32.
    """

    coefficients: FloatArray
    level: FloatArray

    def at(self, squared: FloatArray) -> FloatArray:
        """Return (K, N) float32 for (K, 2 d) rows of ``[x * x, x]``."""
        values: FloatArray = squared @ self.coefficients.T + self.level
        return values


@dataclass(frozen=True, slots=True, eq=False)
class _Posteriors:
    discriminant: Discriminant
    objects: _Quadratic
    conditions: _Quadratic
    rejected: _Quadratic
    starts: NDArray[np.int64]  # where the rejected looks of each object begin

    def scores(self, queries: FloatArray) -> FloatArray:
        projected = self.discriminant.project(queries)
        squared = np.concatenate([projected**2, projected], axis=1)  # (K, 2 d)
        scores = self.objects.at(squared)
        # (K,): log(1 + the sum over the conditions)
        others = np.logaddexp.reduce(self.conditions.at(squared), axis=1, initial=0.0)
        scores -= others[:, None].astype(np.float32)
        (some,) = np.nonzero(np.diff(self.starts))
        if len(some):
            against = self.rejected.at(squared)
            own = np.logaddexp.reduceat(against, self.starts[some], axis=1) - others[:, None]
            denied = own + self.discriminant.offset >= scores[:, some]
            # log(1 + conditions + rejected) less the log(1 + conditions) that is taken off above.
            left = scores[:, some] - np.logaddexp(0, own).astype(np.float32)
            scores[:, some] = np.where(denied, np.float32(-np.inf), left)
        return scores


def _one_by_one(grouped: Grouped) -> Grouped:
    """Return the same vectors, each as an object of its own."""
    return Grouped(grouped.vectors, np.arange(len(grouped.vectors) + 1))
