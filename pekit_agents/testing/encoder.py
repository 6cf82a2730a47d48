"""``EncoderTests``: what every encoder must pass."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from pekit_agents.protocols import Encoder
from pekit_agents.testing.photos import fingerprint, noise, odd_photos, several_photos
from pekit_agents.testing.threads import at_once

if TYPE_CHECKING:
    from pekit_agents.types import FloatArray, RGBImage

__all__ = ["EncoderTests"]

_SIZES_WH = ((96, 96), (240, 60), (60, 240))
#: The sides of a grid: its axis, and whether they are the last on it.
_SIDES = {"top": (0, False), "bottom": (0, True), "left": (1, False), "right": (1, True)}


class EncoderTests:
    """What every encoder must pass (F_emb), see :class:`~pekit_agents.protocols.Encoder`.

    A class that inherits it has a fixture ``encoder``::

        class TestMyEncoder(EncoderTests):
            @pytest.fixture
            def encoder(self):
                return MyEncoder()

    Attributes:
        tolerance: How much the features of a photo may differ from one run to another, as a share
            of the largest of them: a batch of another size is computed in another order.
    """

    tolerance: ClassVar[float] = 1e-3

    def test_it_is_an_encoder(self, encoder: Encoder) -> None:
        """It has the attributes and methods of the protocol."""
        assert isinstance(encoder, Encoder), (
            f"expected id, dim, encode and normalize, found {type(encoder).__name__} without all "
            "of them"
        )

    def test_its_id_and_length_are_fixed(self, encoder: Encoder) -> None:
        """Both are stored with a memory, and compared when it is opened."""
        name, length = encoder.id, encoder.dim
        again = encoder.id, encoder.dim
        assert again == (name, length), (
            f"expected one id and dim, found {name!r} and {length}, then {again[0]!r} and "
            f"{again[1]}"
        )
        assert isinstance(name, str), f"expected an id that is a text, found {name!r}"
        assert name.strip(), "expected an id that names model and weights, found none"
        assert isinstance(length, int), f"expected dim as an int, found {length!r}"
        assert length > 0, f"expected a dim above 0, found {length}"

    def test_no_photos_have_no_grids(self, encoder: Encoder) -> None:
        """Nothing in is nothing out, and no error."""
        assert encoder.encode([]) == [], "expected [] for no photos"

    def test_every_photo_has_a_grid(self, encoder: Encoder) -> None:
        """Whatever its size and content: (rows, columns, D) float32, all of it finite."""
        for what, photo in odd_photos().items():
            (grid,) = encoder.encode([photo])
            assert grid.ndim == 3, f"expected (rows, columns, D), found {grid.shape}: {what}"
            assert grid.shape[2] == encoder.dim, (
                f"expected D = dim = {encoder.dim}, found {grid.shape[2]}: {what}"
            )
            assert min(grid.shape) > 0, f"expected patches, found {grid.shape}: {what}"
            assert grid.dtype == np.float32, f"expected float32, found {grid.dtype}: {what}"
            assert np.isfinite(grid).all(), f"expected finite features, found others: {what}"

    def test_a_batch_gives_what_each_photo_gives_alone(self, encoder: Encoder) -> None:
        """In the order of the photos, whatever their sizes."""
        photos = list(odd_photos().values())
        together = encoder.encode(photos)
        assert len(together) == len(photos), (
            f"expected a grid for each of {len(photos)} photos, found {len(together)}"
        )
        for photo, grid in zip(photos, together, strict=True):
            self._same(grid, encoder.encode([photo])[0], "a photo in a batch and alone")

    def test_a_photo_gives_the_same_whenever_it_is_seen(self, encoder: Encoder) -> None:
        """Else what is remembered could not be found."""
        first, again = (encoder.encode([odd_photos()["noise"]])[0] for _ in range(2))
        self._same(first, again, "one photo seen twice")

    def test_a_grid_covers_its_photo_edge_to_edge(self, encoder: Encoder) -> None:
        """Rows first: where a side of a photo changes, that side of its grid changes most."""
        for size in _SIZES_WH:
            photo = noise(*size)
            before = encoder.encode([photo])[0].copy()
            for side, (axis, last) in _SIDES.items():
                (after,) = encoder.encode([_painted(photo, 1 - axis, last=last)])
                changes = np.abs(after - before).mean(axis=(1 - axis, 2))
                if len(changes) == 1:
                    continue
                outer, inner = _side_and_rest(changes, last=last)
                assert outer > inner, (
                    f"expected the patches at the {side} of a photo of {size} to change most when "
                    f"the photo changes there, found {outer:.2g} and {inner:.2g} elsewhere: a "
                    "photo that is cut, padded or turned, or a grid with columns first?"
                )

    def test_a_grid_is_left_as_it_was_by_the_next_call(self, encoder: Encoder) -> None:
        """Whoever asked for it still works with it."""
        photos = odd_photos()
        grids = encoder.encode([photos["one thing"], photos["two things"]])
        kept = [grid.copy() for grid in grids]
        encoder.encode([photos["noise"], photos["plain grey"]])
        for grid, copy in zip(grids, kept, strict=True):
            assert np.array_equal(grid, copy), "expected a grid that the next call leaves alone"

    def test_a_photo_is_known_by_what_it_shows(self, encoder: Encoder) -> None:
        """Results are kept by content, if at all: one object of Python may show two photos."""
        photo, other = odd_photos()["one thing"], odd_photos()["two things"]
        encoder.encode([photo])
        photo.paste(other)
        self._same(encoder.encode([photo])[0], encoder.encode([other])[0], "equal photos")

    def test_threads_may_share_it(self, encoder: Encoder) -> None:
        """Users are served at the same time, by one encoder, each with photos of their own."""
        photos = several_photos()
        expected = [encoder.encode([photo])[0] for photo in photos]
        seen = at_once([partial(encoder.encode, [photo.copy()]) for photo in photos])
        for (grid,), alone in zip(seen, expected, strict=True):
            self._same(grid, alone, "a photo alone and while other threads see others")

    def test_photos_are_left_as_they_were(self, encoder: Encoder) -> None:
        """Others look at them, too."""
        photos = odd_photos()
        before = {what: fingerprint(photo) for what, photo in photos.items()}
        encoder.encode(list(photos.values()))
        for what, photo in photos.items():
            assert fingerprint(photo) == before[what], f"expected the photo unchanged: {what}"

    def test_vectors_are_of_unit_length(self, encoder: Encoder) -> None:
        """(K, D) pooled features become (K, D) float32 vectors that a cosine compares."""
        pooled = self._pooled(encoder)
        vectors = encoder.normalize(pooled.copy())
        assert vectors.shape == pooled.shape, f"expected {pooled.shape}, found {vectors.shape}"
        assert vectors.dtype == np.float32, f"expected float32, found {vectors.dtype}"
        lengths = np.linalg.norm(vectors, axis=1)
        assert np.allclose(lengths, 1, atol=1e-3), f"expected lengths of 1, found {lengths}"

    def test_a_vector_depends_on_its_own_features_only(self, encoder: Encoder) -> None:
        """A memory compares vectors of different photos."""
        pooled = self._pooled(encoder)
        together = encoder.normalize(pooled.copy())
        for row, vector in zip(pooled, together, strict=True):
            self._same(encoder.normalize(row[None].copy())[0], vector, "a vector alone")

    def test_features_are_left_as_they_were(self, encoder: Encoder) -> None:
        """What was pooled is normalised more than once."""
        pooled = self._pooled(encoder)
        kept = pooled.copy()
        encoder.normalize(pooled)
        assert np.array_equal(pooled, kept), "expected the pooled features unchanged"

    def _pooled(self, encoder: Encoder) -> FloatArray:
        """Return (K, D) float32: the mean of all patches of each photo, and its first patch."""
        grids = encoder.encode(list(odd_photos().values()))
        rows = [row for grid in grids for row in (grid.mean(axis=(0, 1)), grid[0, 0])]
        return np.stack(rows).astype(np.float32)

    def _same(self, one: FloatArray, other: FloatArray, what: str) -> None:
        assert one.shape == other.shape, (
            f"expected equal shapes of {what}, found {one.shape} and {other.shape}"
        )
        largest = float(max(np.abs(one).max(), np.abs(other).max(), 1e-6))
        apart = float(np.abs(one - other).max()) / largest
        assert apart <= self.tolerance, (
            f"expected equal features of {what}, found a difference of {apart:.2g}"
        )


def _painted(photo: RGBImage, axis: int, *, last: bool) -> RGBImage:
    """Return a photo with the first or last quarter of its width (axis 0) or height white."""
    box = [0, 0, *photo.size]
    quarter = photo.size[axis] // 4
    box[axis + 2 * (not last)] = photo.size[axis] - quarter if last else quarter
    painted = photo.copy()
    painted.paste((255, 255, 255), (box[0], box[1], box[2], box[3]))
    return painted


def _side_and_rest(changes: FloatArray, *, last: bool) -> tuple[float, float]:
    """Return the mean of the first or last quarter of changes, one at least, and of the others."""
    ordered = changes[::-1] if last else changes
    quarter = max(1, len(ordered) // 4)
    return float(ordered[:quarter].mean()), float(ordered[quarter:].mean())
