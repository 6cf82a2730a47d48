import pytest

from pekit_agents.evaluation.metrics.measures import MEASURES
from pekit_agents.evaluation.metrics.summary import Configuration, measure_difference, summarise
from pekit_agents.evaluation.records import Named


def test_nothing_has_no_summary():
    assert summarise([]) == ()


def test_draws_are_gathered_by_recognizer_references_and_condition(trial, draw):
    draws = [
        draw(trial("1", "cup", "cup"), seed=1),
        draw(trial("1", "cup"), refs=3),
        draw(trial("1", "cup"), seed=0),
        draw(trial("1", "cup", "cup"), condition="tau=0.3"),
    ]
    found = summarise(draws)
    assert [one.configuration.label for one in found] == [
        "kit, 1 reference",
        "kit, 3 references",
        "kit, 1 reference, tau=0.3",
    ]
    assert [one.seed for one in found[0].draws] == [0, 1]
    assert found[0].estimates["recall"].mean == 0.5
    assert set(found[0].estimates) == set(MEASURES)


def test_the_time_of_a_photo_is_the_median_of_what_came_from_no_cache(trial, draw):
    times = (0.5, None, 0.1, 1.5)
    (one,) = summarise([draw(*(trial(str(t), "cup", seconds=t) for t in times))])
    assert one.seconds == 0.5
    assert one.things == 2
    (cached,) = summarise([draw(trial("1", "cup"))])
    assert cached.seconds is None


def test_a_difference_of_configurations_is_second_minus_first(trial, draw):
    before, after = summarise(
        [
            draw(trial("1", "cup"), trial("2", "dog", "dog"), recognizer="before"),
            draw(trial("1", "cup", "cup"), trial("2", "dog", "dog"), recognizer="after"),
        ]
    )
    assert measure_difference("recall", before, after).mean == 0.5
    assert measure_difference("specificity", before, after).mean == 0.0


def test_draws_of_one_seed_are_one_memory_each_and_one_draw(trial, draw):
    alone = [
        draw(trial("c", "cup", "cup"), trial("d", "dog", "cup"), known=("cup",)),
        draw(trial("c", "cup"), trial("d", "dog"), known=("dog",)),
        draw(trial("c", "cup"), trial("d", "dog", "dog"), known=("dog",), seed=1),
    ]
    (one,) = summarise(alone)
    # Seed 0: the cup is named in its photo and in that of the dog, the dog in none.
    assert one.estimates["top1"].mean == pytest.approx((1 / 2 + 1) / 2)
    assert one.estimates["others_named"].mean == pytest.approx((1 / 2 + 0) / 2)
    assert one.estimates["top1"].draws == 2


def test_a_share_of_probabilities_is_of_who_knows_them(trial, draw):
    sure = Named("cup", 0.0, probability=0.8)
    known = draw(trial("1", (), sure), trial("2", (), Named("cup", 0.0, probability=0.7)))
    silent = draw(trial("1", ()), seed=1)
    plain = draw(trial("1", (), "cup"), recognizer="plain")
    quiet = draw(trial("1", ()), recognizer="plain", seed=1)
    kit, other = summarise([known, silent, plain, quiet])
    assert kit.estimates["sure_wrong_share"].mean == pytest.approx((1 / 2 + 0) / 2)
    assert other.estimates["sure_wrong_share"].mean is None


def test_every_measure_is_explained():
    for key, measure in MEASURES.items():
        assert measure.key == key
        assert measure.title
        assert measure.meaning.endswith(".")
        assert " / " in measure.formula


def test_configurations_are_in_order():
    assert Configuration("a", 3) < Configuration("b", 1) < Configuration("b", 1, "tau=1")


def test_box_measures_use_their_own_overlap(trial, draw):
    from pekit_agents.types import Box

    found = Named("cup", 0.9, Box(0, 0, 10, 4))  # IoU 0.4
    (one,) = summarise([draw(trial("1", "cup", found, boxes={"cup": (Box(0, 0, 10, 10),)}))])
    assert one.estimates["detection_recall_50"].mean == 0.0
    assert one.estimates["detection_recall_30"].mean == 1.0
    assert one.estimates["detection_precision_50"].mean == 0.0
    assert one.estimates["detection_precision_30"].mean == pytest.approx(1.0)
