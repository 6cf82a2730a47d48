"""One picture of the worst mistakes of a run."""

import numpy as np
import pytest

from pekit_agents.evaluation.report import mistake_sheet
from pekit_agents.evaluation.report.sheet import _HEIGHT, _WIDTH


@pytest.fixture
def wrong(trial, draw, run, write_photos):
    """A run with one mistake of each kind by the kit, and none by another."""
    folder = write_photos("cup/1.jpg", "dog/1.jpg", "hat/1.jpg", "cup/ref.jpg", "dog/ref.jpg")
    mistakes = (
        trial("cup/1.jpg", "cup"),
        trial("dog/1.jpg", "dog", ("dog", "cup 0.7")),
        trial("hat/1.jpg", "hat", "dog 0.6"),
    )
    right = (trial("cup/1.jpg", "cup", "cup"), trial("dog/1.jpg", "dog", "dog"))
    return run(draw(*mistakes), draw(*right, recognizer="plain"), root=folder)


def test_each_kind_has_its_row(wrong, trial, draw, run, write_photos):
    assert mistake_sheet(wrong, recognizer="kit").size == (_WIDTH, 3 * _HEIGHT)
    names = [f"cup/{number}.jpg" for number in range(5)]
    missed = run(draw(*(trial(name, "cup") for name in names)), root=write_photos(*names))
    assert mistake_sheet(missed, recognizer="kit").size == (3 * _WIDTH, _HEIGHT)
    assert mistake_sheet(missed, recognizer="kit", most=4).size == (4 * _WIDTH, _HEIGHT)


def test_a_place_holds_the_photo_its_words_and_its_references(wrong):
    sheet = np.asarray(mistake_sheet(wrong, recognizer="kit"))[:_HEIGHT]
    grey = (np.abs(sheet.astype(int) - 128) < 3).all(axis=2)
    assert grey[10:170, 10:330].mean() > 0.95  # the photo, 320 x 160
    words = sheet[330:390, 10:330]
    assert (words < 60).any()
    assert grey[390:450, 10:100].sum() > 0.95 * 90 * 45  # one reference, 90 x 45


def test_long_words_end_in_their_place(trial, draw, run, write_photos):
    long = "a name that is much longer than the photo is wide, and then some more"
    folder = write_photos("cup/1.jpg", f"{long}/ref.jpg")
    shelf = run(draw(trial("cup/1.jpg", long), known=(long,)), root=folder)
    sheet = np.asarray(mistake_sheet(shelf, recognizer="kit"))
    assert sheet.shape[1] == _WIDTH
    assert (sheet[330:390, _WIDTH - 9 :] == 255).all()


def test_without_mistakes_there_is_no_sheet(wrong):
    assert mistake_sheet(wrong, recognizer="plain") is None
    assert mistake_sheet(wrong, recognizer="nobody") is None


def test_a_photo_that_is_gone_is_left_out(wrong, tmp_path):
    (tmp_path / "photos" / "cup" / "1.jpg").unlink()
    assert mistake_sheet(wrong, recognizer="kit").size == (_WIDTH, 2 * _HEIGHT)
