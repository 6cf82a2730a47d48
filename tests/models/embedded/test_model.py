"""The embedded model on real weights and real photos."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from PIL import ImageOps

from pekit_agents.errors import ModelError
from pekit_agents.models.embedded import model as focus
from pekit_agents.models.embedded.graph import FocusGraphs, source_path
from pekit_agents.models.embedded.model import FocusModel, grid_shape
from pekit_agents.models.embedded.runtime import ort

pytestmark = pytest.mark.usefixtures("embedded_model")


@pytest.mark.parametrize(
    ("size", "shape"),
    [
        ((224, 224), (16, 16)),
        ((4000, 3000), (14, 18)),
        ((600, 400), (13, 20)),
        ((1000, 100), (7, 36)),
        ((10, 4000), (36, 7)),
    ],
)
def test_the_grid_follows_the_aspect_ratio_within_bounds(size, shape):
    assert grid_shape(*size) == shape


def test_patches_and_saliency_cover_the_image(model, cup):
    (found,) = model.features([cup])
    assert found.patches.shape == (13, 20, 768)
    assert found.patches.dtype == np.float32
    assert found.saliency.shape == (13 * 14, 20 * 14)
    assert 0 <= found.saliency.min() < found.saliency.max() <= 1


def test_no_images_give_no_features(model):
    assert model.features([]) == []


def test_images_of_several_shapes_come_back_in_order_and_as_if_alone(cup):
    portrait = cup.rotate(90, expand=True)
    together = FocusModel().features([cup, portrait, cup])
    alone = FocusModel().features([portrait])[0]
    assert [f.patches.shape[:2] for f in together] == [(13, 20), (20, 13), (13, 20)]
    np.testing.assert_allclose(together[1].patches, alone.patches, atol=1e-3)


def test_a_picture_seen_before_is_not_run_again(cup, monkeypatch):
    model = FocusModel(cache_size=2)
    first = model.features([cup])[0]
    monkeypatch.setattr(model, "_run", lambda batch: pytest.fail("ran again"))
    assert model.features([cup.copy()])[0] is first


def test_the_cache_keeps_the_latest_pictures_only(cup, monkeypatch):
    model = FocusModel(cache_size=1)
    model.features([cup])
    model.features([ImageOps.mirror(cup)])
    runs = []
    run = model._run
    monkeypatch.setattr(model, "_run", lambda batch: runs.append(1) or run(batch))
    model.features([cup])
    assert runs == [1]


def test_threads_share_a_model(model, cup):
    expected = FocusModel().features([cup])[0].patches
    found: list[np.ndarray] = []
    threads = [
        threading.Thread(target=lambda: found.append(model.features([cup])[0].patches))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    for patches in found:
        np.testing.assert_allclose(patches, expected, atol=1e-3)


def test_making_one_reads_no_model_and_using_it_does(monkeypatch, cup):
    loads = []
    load = focus._Parts.load
    monkeypatch.setattr(
        focus._Parts, "load", lambda threads: loads.append(threads) or load(threads)
    )
    model = FocusModel(threads=1)
    assert loads == []
    model.features([cup])
    model.features([ImageOps.mirror(cup)])
    assert loads == [1]


def test_saliency_is_computed_when_it_is_read_and_once(monkeypatch, cup):
    model, reads = FocusModel(), []
    decode = model._saliency
    monkeypatch.setattr(model, "_saliency", lambda *args: reads.append(1) or decode(*args))
    (found,) = model.features([cup])
    assert reads == []
    assert found.saliency is model.features([cup])[0].saliency
    assert reads == [1]


def test_no_more_than_a_few_images_run_at_once(monkeypatch, cup):
    model, sizes = FocusModel(), []
    run = model._run
    monkeypatch.setattr(model, "_run", lambda batch: sizes.append(len(batch)) or run(batch))
    model.features([cup.rotate(angle) for angle in range(5)])
    assert sizes == [2, 2, 1]


def test_the_parts_together_are_the_whole_graph(model, cup):
    """The shipped file, at the one size that it declares, is the reference."""
    square = cup.resize((224, 224))
    (found,) = model.features([square])
    whole = ort.InferenceSession(source_path(), providers=["CPUExecutionProvider"])
    pixels = focus._preprocess(square)[None]
    (heat,) = whole.run(["output_importance"], {"input_image": pixels})
    np.testing.assert_allclose(found.saliency, heat[0, 0], atol=1e-5)


def test_a_graph_that_is_no_model_is_a_clear_error(monkeypatch, cup):
    broken = FocusGraphs(b"no model", b"no model", b"no model", source_path().parent)
    monkeypatch.setattr(focus, "read_graphs", lambda: broken)
    with pytest.raises(ModelError, match="embedded model cannot be loaded"):
        FocusModel().features([cup])


def test_no_more_runs_at_once_than_there_are_cores(model, cup, monkeypatch):
    running, most = [], []

    class Slow:
        def run(self, outputs, given):
            running.append(1)
            time.sleep(0.02)
            most.append(len(running))
            running.pop()
            return [np.zeros((1, 1 + 13 * 20, 384), np.float32)] * 2

    monkeypatch.setattr(focus, "_cores", lambda: 2)
    many = FocusModel(cache_size=1)
    many._loaded = replace(model._parts(), tokens=Slow())
    looks = [cup.rotate(angle, expand=False) for angle in range(8)]
    threads = [threading.Thread(target=many.features, args=([look],)) for look in looks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(most), max(most)) == (8, 2)
