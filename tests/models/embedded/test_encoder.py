"""The encoder of the embedded profile on real weights and real photos."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import ImageOps

from pekit_agents.models.embedded.encoder import FocusEncoder
from pekit_agents.testing import EncoderTests

pytestmark = pytest.mark.usefixtures("embedded_model")


class TestFocusEncoder(EncoderTests):
    @pytest.fixture
    def encoder(self, model):
        return FocusEncoder(model)


def test_vectors_are_of_unit_length_and_the_id_names_what_shapes_them(model):
    encoder = FocusEncoder(model)
    vectors = encoder.normalize(np.random.default_rng(0).normal(size=(3, 768)).astype("f4"))
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    halves = np.linalg.norm(vectors.reshape(3, 2, 384), axis=2)
    np.testing.assert_allclose(halves, 2**-0.5, atol=1e-5)  # neither block outweighs the other
    assert encoder.dim == 768
    assert encoder.id == "focus-vits14@198644e37de3/blocks3+9/whiten-2"


def test_the_class_token_comes_from_the_same_pass(model, cup):
    encoder = FocusEncoder(model)
    tokens = encoder.class_tokens([cup, ImageOps.mirror(cup)])
    assert tokens.shape == (2, 768)
    assert tokens.dtype == np.float32
    assert np.array_equal(tokens[0], model.features([cup])[0].token)
    # The token speaks of the whole picture: mirrored it is nearly the same, of a patch it is not.
    cosine = tokens[0] @ tokens[1] / np.prod(np.linalg.norm(tokens, axis=1))
    assert 0.9 < cosine < 0.9999
