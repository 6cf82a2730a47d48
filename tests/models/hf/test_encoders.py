"""DINOv2, DINOv3 and CLIP: patch grids that cover a photo edge to edge."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="torch is not installed: no hf profiles")
pytest.importorskip("transformers", reason="transformers is not installed: no hf profiles")

from pekit_agents.embedding.pooling import embed_proposals, pool  # noqa: E402
from pekit_agents.errors import ModelError  # noqa: E402
from pekit_agents.models.hf.clip import ClipEncoder  # noqa: E402
from pekit_agents.models.hf.dinov2 import DinoEncoder  # noqa: E402
from pekit_agents.models.hf.patch_encoder import grid_shape  # noqa: E402
from pekit_agents.models.spec import ModelSpec  # noqa: E402
from pekit_agents.protocols import Encoder  # noqa: E402
from pekit_agents.types import Box, Proposal  # noqa: E402

FAMILIES = {
    "dinov2": DinoEncoder,
    "dinov2_with_registers": DinoEncoder,
    "dinov3_vit": DinoEncoder,
    "clip": ClipEncoder,
}
IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def load(checkpoint, kind, **options):
    folder = checkpoint(kind)
    return FAMILIES[kind](folder, ModelSpec(str(folder), **{"image_size": 112, **options}), kind)


def see_colours(encoder, mean, std) -> None:
    """Let the network answer with each patch's mean colour, as 0..255, after the lead tokens."""
    patch, lead = encoder._patch, encoder._lead

    def tokens(pixels):
        rgb = (pixels * torch.tensor(std)[:, None, None] + torch.tensor(mean)[:, None, None]) * 255
        cells = torch.nn.functional.avg_pool2d(rgb, patch).flatten(2).transpose(1, 2)
        first = torch.full((len(pixels), lead, 3), -1e6)
        return torch.cat([first, cells], dim=1)

    encoder._model.network.forward = lambda pixel_values: SimpleNamespace(
        last_hidden_state=tokens(pixel_values)
    )


@pytest.mark.parametrize("kind", FAMILIES)
def test_a_saved_model_gives_a_grid_for_every_shape(checkpoint, noise, kind):
    encoder = load(checkpoint, kind)
    assert isinstance(encoder, Encoder)
    cells = 112 // encoder._patch
    grids = encoder.encode([noise(200, 200), noise(300, 150), noise(150, 300)])
    assert [grid.shape[:2] for grid in grids] == [
        (cells, cells), grid_shape(300, 150, cells), grid_shape(150, 300, cells),
    ]  # fmt: skip
    for grid in grids:
        assert grid.shape[2] == encoder.dim == 32
        assert grid.dtype == np.float32
        assert np.isfinite(grid).all()


@pytest.mark.parametrize("kind", FAMILIES)
def test_a_batch_gives_what_each_photo_gives_alone(checkpoint, noise, kind):
    encoder = load(checkpoint, kind, batch_size=2)
    photos = [noise(120, 90, 1), noise(90, 120, 2), noise(120, 90, 3), noise(120, 90, 4)]
    together = encoder.encode(photos)
    for photo, grid in zip(photos, together, strict=True):
        np.testing.assert_allclose(encoder.encode([photo])[0], grid, atol=1e-5)


@pytest.mark.parametrize("kind", FAMILIES)
def test_a_whole_photo_has_a_class_token_whatever_it_is_run_with(checkpoint, noise, kind):
    encoder = load(checkpoint, kind, batch_size=2)
    photos = [noise(120, 90, 1), noise(90, 120, 2), noise(120, 90, 3)]
    tokens = encoder.class_tokens(photos)
    assert tokens.shape == (3, encoder.dim)
    for photo, token in zip(photos, tokens, strict=True):
        np.testing.assert_allclose(encoder.class_tokens([photo])[0], token, atol=1e-5)
    assert not np.allclose(tokens[0], encoder.encode(photos[:1])[0][0, 0], atol=1e-2)


@pytest.mark.parametrize("kind", FAMILIES)
def test_the_last_layer_norm_is_applied(checkpoint, noise, kind):
    grid = load(checkpoint, kind).encode([noise()])[0]
    np.testing.assert_allclose(grid.mean(axis=2), 0, atol=1e-4)  # a fresh LayerNorm's output
    np.testing.assert_allclose(grid.std(axis=2), 1, atol=1e-2)


@pytest.mark.parametrize("kind", ["dinov2", "dinov2_with_registers", "dinov3_vit"])
@pytest.mark.parametrize("size", [(448, 448), (640, 320), (200, 500)])
def test_grids_cover_the_photo_edge_to_edge(checkpoint, kind, size):
    encoder = load(checkpoint, kind)
    see_colours(encoder, *IMAGENET)
    width, height = size
    ramp = np.zeros((height, width, 3), np.uint8)
    ramp[..., 0] = np.linspace(0, 255, width).round()[None]
    ramp[..., 1] = np.linspace(0, 255, height).round()[:, None]
    (grid,) = encoder.encode([Image.fromarray(ramp)])
    rows, columns = grid.shape[:2]
    centres = (np.arange(columns) + 0.5) / columns * 255
    np.testing.assert_allclose(grid[..., 0], np.tile(centres, (rows, 1)), atol=3)
    centres = (np.arange(rows) + 0.5) / rows * 255
    np.testing.assert_allclose(grid[..., 1], np.tile(centres[:, None], (1, columns)), atol=3)


def test_pooling_a_box_gives_the_colour_in_it(checkpoint):
    encoder = load(checkpoint, "dinov2", image_size=280)
    see_colours(encoder, *IMAGENET)
    photo = Image.new("RGB", (400, 400), (10, 20, 30))
    photo.paste((200, 100, 50), (100, 40, 300, 200))
    window, box = Box(0, 0, 400, 400), Box(120, 60, 280, 180)  # whole patches inside the patch
    (grid,) = encoder.encode([photo])
    np.testing.assert_allclose(pool(grid, window, Proposal(box, 1.0)), (200, 100, 50), atol=2)
    corner = pool(grid, window, Proposal(Box(0, 0, 400, 20), 1.0))
    np.testing.assert_allclose(corner, (10, 20, 30), atol=2)
    expected = np.array([(200, 100, 50)], np.float32)
    vectors = embed_proposals(photo, [Proposal(box, 1.0)], encoder)
    np.testing.assert_allclose(vectors, expected / np.linalg.norm(expected), atol=0.01)


def test_vectors_have_unit_length_and_nothing_divides_by_zero(checkpoint):
    encoder = load(checkpoint, "dinov2")
    vectors = encoder.normalize(np.array([[3.0, 4.0] + [0] * 30, [0.0] * 32], np.float32))
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 0])
    assert vectors.dtype == np.float32


def test_the_id_names_weights_and_size_but_not_the_place(checkpoint, tmp_path):
    import shutil

    folder = checkpoint("dinov2")
    encoder = load(checkpoint, "dinov2")
    copy = shutil.copytree(folder, tmp_path / "elsewhere")
    assert DinoEncoder(copy, ModelSpec("x", image_size=112), "dinov2").id == encoder.id
    assert load(checkpoint, "dinov2", image_size=126).id != encoder.id
    assert load(checkpoint, "dinov2_with_registers").id != encoder.id
    with torch.no_grad():
        encoder._model.network.layernorm.bias += 1e-3
    encoder._model.network.save_pretrained(copy)
    assert DinoEncoder(copy, ModelSpec("x", image_size=112), "dinov2").id != encoder.id


def test_half_precision_gives_nearly_the_same(checkpoint, noise):
    exact = load(checkpoint, "dinov2").encode([noise()])[0]
    rough = load(checkpoint, "dinov2", dtype="bfloat16").encode([noise()])[0]
    assert rough.dtype == np.float32
    assert not np.array_equal(rough, exact)
    cosines = (rough * exact).sum(2) / np.linalg.norm(rough, axis=2) / np.linalg.norm(exact, axis=2)
    assert cosines.min() > 0.999


def test_memory_that_runs_out_costs_a_smaller_batch_then_an_error(checkpoint, noise):
    encoder = load(checkpoint, "dinov2", batch_size=4)
    real, sizes = encoder._model.network.forward, []

    def forward(most, pixel_values):
        sizes.append(len(pixel_values))
        if len(pixel_values) > most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(pixel_values=pixel_values)

    photos = [noise(seed=seed) for seed in range(5)]
    expected = encoder.encode(photos)
    encoder._model.network.forward = lambda pixel_values: forward(2, pixel_values)
    for one, other in zip(encoder.encode(photos), expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    assert sizes == [4, 2, 2, 1]
    encoder._model.network.forward = lambda pixel_values: forward(0, pixel_values)
    with pytest.raises(ModelError, match=r"ran out of memory even for one input.*image_size"):
        encoder.encode(photos)


def test_without_a_processor_each_family_has_its_own_pixel_statistics(checkpoint, tmp_path):
    import shutil

    for kind, mean in {"dinov2": 0.485, "clip": 0.48145466}.items():
        bare = shutil.copytree(checkpoint(kind), tmp_path / kind)
        (bare / "preprocessor_config.json").unlink()
        encoder = FAMILIES[kind](bare, ModelSpec("x", image_size=112), kind)
        assert encoder._mean[0] == pytest.approx(mean)
        assert encoder.id == load(checkpoint, kind).id


def test_an_input_of_one_patch_is_refused(checkpoint):
    with pytest.raises(ModelError, match="expected image_size of at least 28"):
        load(checkpoint, "dinov2", image_size=20)


@pytest.mark.parametrize(
    ("size", "expected"), [((100, 100), (8, 8)), ((400, 100), (4, 16)), ((9999, 1), (3, 23))]
)
def test_the_grid_keeps_the_aspect_ratio_up_to_a_limit(size, expected):
    assert grid_shape(*size, 8) == expected
