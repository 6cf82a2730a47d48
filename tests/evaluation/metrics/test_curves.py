import pytest

from pekit_agents.evaluation.metrics.curves import OpenSetPoint, best_within, open_set_curve


@pytest.fixture
def scored(trial, draw):
    return draw(
        trial("1", "cup", scores={"cup": 0.9, "dog": 0.2}),
        trial("2", "dog", scores={"cup": 0.6, "dog": 0.5}),
        trial("3", "stranger", scores={"cup": 0.6, "dog": 0.4}),
        trial("4", (), scores={"cup": 0.1, "dog": 0.3}),
    )


def test_nothing_to_threshold_is_no_curve(trial, draw):
    assert open_set_curve([]) == ()
    assert open_set_curve([draw(trial("1", "cup", scores={"cup": 0.9}))]) == ()  # no unknown things
    assert open_set_curve([draw(trial("1", (), scores={"cup": 0.9}))]) == ()  # unknown things only
    assert open_set_curve([draw(trial("1", "cup", "cup"), trial("2", ()))]) == ()  # no scores


def test_every_threshold_is_a_point(scored):
    assert open_set_curve([scored]) == (
        OpenSetPoint(0.9, recall=0.5, identified=0.5, false_alarms=0.0, alarm_share=0.0),
        OpenSetPoint(0.6, recall=0.5, identified=0.5, false_alarms=0.5, alarm_share=0.5),
        # The dog is accepted now, but in its photo the cup scores higher.
        OpenSetPoint(0.5, recall=1.0, identified=0.5, false_alarms=0.5, alarm_share=0.5),
        OpenSetPoint(0.3, recall=1.0, identified=0.5, false_alarms=1.5, alarm_share=1.0),
    )


def test_draws_are_pooled(scored):
    assert open_set_curve([scored, scored]) == open_set_curve([scored])


def test_a_thing_without_a_score_is_never_accepted(trial, draw):
    blind = draw(trial("1", "cup", scores={"dog": 0.2}), trial("2", (), scores={"dog": 0.1}))
    assert [point.recall for point in open_set_curve([blind])] == [0.0]


def test_things_that_are_not_judged_raise_no_alarm(trial, draw):
    frames = draw(
        trial("1", "cup", scores={"cup": 0.9}),
        trial("2", (), scores={"cup": 0.95, "dog": 0.1}, about=("dog",)),
    )
    assert [p.alarm_share for p in open_set_curve([frames])] == [0.0, 1.0]


def test_many_thresholds_are_thinned_to_400_with_both_ends(trial, draw):
    trials = [trial(str(i), "cup", scores={"cup": i / 1000}) for i in range(1000)]
    curve = open_set_curve([draw(*trials, trial("x", (), scores={"cup": 0.5}))])
    assert len(curve) == 400
    assert (curve[0].threshold, curve[-1].threshold) == (0.999, 0.0)


def test_the_best_point_within_a_budget(scored):
    curve = open_set_curve([scored])
    assert best_within(curve, 0.0).threshold == 0.9
    assert best_within(curve, 1.0).threshold == 0.9  # no gain for more alarms
    assert best_within((), 1.0) is None
    assert best_within(curve[3:], 0.5) is None  # too many alarms
    assert best_within([OpenSetPoint(0.9, 0.5, 0.0, 0.0, 0.0)], 0.5) is None  # none identified
