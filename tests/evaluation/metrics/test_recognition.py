import pytest

from pekit_agents.evaluation.metrics.of_others import (
    others_named,
    others_possible,
    sure_wrong_share,
)
from pekit_agents.evaluation.metrics.recognition import (
    Counts,
    alarm_share,
    ambiguous_right,
    ambiguous_share,
    count,
    false_alarms,
    group_accuracy,
    group_average,
    likeliest,
    named_or_possible,
    nearest,
    pooled,
    precision,
    recall,
    specificity,
    top1,
    weighted,
    wrong_identities,
    wrong_share,
)
from pekit_agents.evaluation.records import Named

EVERY = (
    recall,
    specificity,
    precision,
    weighted,
    top1,
    likeliest,
    nearest,
    wrong_identities,
    wrong_share,
    false_alarms,
    alarm_share,
    ambiguous_share,
    ambiguous_right,
    named_or_possible,
    others_named,
    others_possible,
    sure_wrong_share,
)


@pytest.fixture
def shelf(trial, draw):
    """Two known things: the cup is found in 2 of its 3 photos, the dog in 1 of its 2.

    The cup is also named in a photo of the dog and in one of a stranger.
    """
    return draw(
        trial("1", "cup", "cup"),
        trial("2", "cup", "cup"),
        trial("3", "cup"),
        trial("4", "dog", "dog"),
        trial("5", "dog", "cup"),
        trial("6", "stranger", "cup"),
        trial("7", "stranger"),
        trial("8", ()),
    )


@pytest.mark.parametrize("measure", EVERY, ids=lambda measure: measure.__name__)
def test_nothing_measured_is_undefined_and_not_zero(measure, draw):
    assert measure(draw(known=())).value is None
    assert measure(draw()).value is None


def test_a_thing_divides_the_photos_into_four(shelf):
    assert count(shelf.trials, shelf.known) == {
        "cup": Counts(found=2, missed=1, wrong=2, left_alone=3),
        "dog": Counts(found=1, missed=1, wrong=0, left_alone=6),
    }


def test_the_papers_measures_are_averages_over_things(shelf):
    assert recall(shelf).value == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert specificity(shelf).value == pytest.approx((3 / 5 + 6 / 6) / 2)
    assert precision(shelf).value == pytest.approx((2 / 4 + 1 / 1) / 2)
    assert weighted(shelf).value == pytest.approx(((2 / 3 + 3 / 5) / 2 + (1 / 2 + 1) / 2) / 2)


def test_a_thing_that_is_never_named_has_no_precision_and_is_counted_as_left_out(trial, draw):
    quiet = draw(trial("1", "cup", "cup"), trial("2", "dog"))
    assert precision(quiet).value == 1.0
    assert precision(quiet).left_out == 1
    assert recall(quiet).value == 0.5
    assert recall(quiet).left_out == 0


def test_a_thing_without_a_photo_has_no_recall_and_no_weighted_accuracy(trial, draw):
    only_cups = draw(trial("1", "cup", "cup"), trial("2", ()))
    assert (recall(only_cups).value, recall(only_cups).left_out) == (1.0, 1)
    assert (weighted(only_cups).value, weighted(only_cups).left_out) == (1.0, 1)
    assert specificity(only_cups).left_out == 0


def test_right_and_wrong_names_in_photos_of_known_things(shelf):
    assert top1(shelf).value == 3 / 5
    assert wrong_identities(shelf).value == 1 / 5


def test_the_surest_name_counts_not_any(trial, draw):
    both = draw(trial("1", "cup", ("dog 0.8", "cup 0.5")), trial("2", "cup", ("cup 0.8", "dog")))
    assert recall(both).parts["cup"] == (1.0, 1.0)
    assert top1(both).value == 0.5
    assert wrong_identities(both).value == 1.0


def test_a_photo_with_two_wrong_names_is_one_photo_with_a_wrong_name(trial, draw):
    crowd = draw(trial("1", "cup", ("dog", "mug", "cup")), trial("2", "dog", "dog"))
    assert wrong_identities(crowd).value == 1.0
    assert wrong_share(crowd).value == 0.5


def test_false_alarms_are_counted_in_photos_of_none_of_the_known_things(shelf, trial, draw):
    assert false_alarms(shelf).value == alarm_share(shelf).value == 1 / 3
    two_names = draw(trial("1", (), ("cup", "dog", "cup")), trial("2", "stranger"))
    assert false_alarms(two_names).value == 1.0  # each name once a photo
    assert alarm_share(two_names).value == 0.5


def test_a_right_name_is_said_for_certain_as_one_of_several_or_as_possible(trial, draw):
    possible = (Named("cup", 0.0), Named("dog", 0.0))
    shelf = draw(
        trial("1", "cup", "cup"),
        trial("2", "cup", "dog or cup"),
        trial("3", "cup", "dog", possible=possible),
        trial("4", "cup", "dog"),
        trial("5", "cup"),
        trial("6", "hat", (), possible=possible),
    )
    assert named_or_possible(shelf).value == 3 / 5
    assert top1(shelf).value == 1 / 5  # only what is named for certain


def test_a_known_thing_that_is_said_of_its_photo_and_is_not_in_it_is_not_right(trial, draw):
    shelf = draw(trial("1", ("cup", "hat"), "hat"), known=("cup",))
    assert named_or_possible(shelf).value == 0


def test_what_is_said_about_photos_of_other_things(trial, draw):
    maybe = (Named("cup", 0.0),)
    shelf = draw(
        trial("1", "hat", "cup"),
        trial("2", "hat", "cup or dog", possible=maybe),
        trial("3", (), (), possible=maybe),
        trial("4", ()),
        trial("5", "cup", (), possible=maybe),
    )
    assert others_named(shelf).value == 2 / 4
    assert alarm_share(shelf).value == 1 / 4  # certain names alone
    assert others_possible(shelf).value == 1 / 4


def test_a_name_of_80_percent_is_sure(trial, draw):
    def said(probability, **more):
        return Named("cup", 0.0, probability=probability, **more)

    shelf = draw(
        trial("1", "hat", said(0.8)),
        trial("2", "hat", said(0.79)),
        trial("3", "hat", (said(0.5), said(0.9))),
        trial("4", "hat", (), possible=(said(0.9),)),
        trial("5", "cup", said(0.9)),
    )
    assert sure_wrong_share(shelf).value == 2 / 4


def test_memories_of_one_thing_each_are_one_measure_about_pairs(trial, draw):
    alone = [
        draw(trial("c", "cup", "cup"), trial("d", "dog", "cup"), known=("cup",)),
        draw(trial("c", "cup"), trial("d", "dog", "dog"), known=("dog",)),
    ]
    assert pooled(alone, map(others_named, alone)).parts == {
        ("cup", "dog"): (1.0, 1.0),
        ("dog", "cup"): (0.0, 1.0),
    }
    assert pooled(alone, map(top1, alone)).parts == {"cup": (1.0, 1.0), "dog": (1.0, 1.0)}
    both = [draw(trial("h", "hat", "cup"))] * 2
    assert pooled(both, map(others_named, both)).parts == {"hat": (2.0, 2.0)}


def test_an_undecided_answer_accepts_nothing_and_is_counted_apart(trial, draw):
    torn = draw(
        trial("1", "cup", "cup 0.9 or dog"),
        trial("2", "dog", "cup 0.9 or dog"),
        trial("3", "stranger", "cup 0.9 or dog"),
        trial("4", "dog", ("cup 0.9 or mug", "dog 0.4")),
    )
    assert recall(torn).parts == {"cup": (0.0, 1.0), "dog": (0.5, 1.0)}
    assert specificity(torn).value == 1.0
    assert false_alarms(torn).value == wrong_identities(torn).value == 0.0
    assert top1(torn).value == 1 / 3  # the surest certain name
    assert likeliest(torn).value == 1 / 3  # the first of all
    right = draw(trial("1", "cup", ("cup 0.9 or dog", "dog 0.4")))
    assert (likeliest(right).value, top1(right).value) == (1.0, 0.0)
    assert ambiguous_share(torn).value == 1.0
    assert ambiguous_right(torn).value == 2 / 4


def test_the_nearest_thing_is_judged_without_any_threshold(trial, draw):
    scored = draw(
        trial("1", "cup", scores={"cup": 0.2, "dog": 0.1}),
        trial("2", "cup", "cup", scores={"cup": 0.6, "dog": 0.7}),
        trial("3", "dog", scores={"cup": 0.3, "dog": 0.3}),
        trial("4", "dog", "dog"),
        trial("5", "stranger", scores={"cup": 0.9}),
    )
    assert nearest(scored).value == 1 / 3  # a tie is wrong, a photo without scores left out


def test_only_the_things_that_a_photo_is_about_are_judged(trial, draw):
    frames = draw(
        trial("1", (), ("cup",), about=("dog",), group="negative"),
        trial("2", (), ("dog",), about=("dog",), group="negative"),
        trial("3", (), "cup", about=("neither",)),
    )
    assert count(frames.trials, frames.known) == {
        "cup": Counts(),
        "dog": Counts(wrong=1, left_alone=1),
    }
    assert false_alarms(frames).value == 0.5
    assert set(false_alarms(frames).parts) == {"dog"}


def test_groups_have_the_accuracies_of_table_2(trial, draw):
    table = draw(
        trial("1", "cup", "cup", group="positive", about=("cup",)),
        trial("2", "cup", group="positive", about=("cup",)),
        trial("3", "dog", "dog", group="positive", about=("dog",)),
        trial("4", (), "cup", group="fake", about=("cup",)),
        trial("5", (), (), group="fake", about=("cup",)),
        trial("6", (), "cup", group="fake", about=("dog",)),
        trial("7", (), (), group="negative"),
    )
    assert group_accuracy(table, "positive").value == (1 / 2 + 1) / 2
    assert group_accuracy(table, "fake").value == (1 / 2 + 1) / 2
    assert group_accuracy(table, "negative").value == 1.0
    assert group_average(table) == pytest.approx((0.75 + 0.75 + 1.0) / 3)


def test_a_group_without_an_accuracy_leaves_no_average(trial, draw):
    half = draw(
        trial("1", "cup", "cup", group="positive"),
        trial("2", (), group="fake", about=("nothing known",)),
    )
    assert group_accuracy(half, "fake").value is None
    assert group_average(half) is None


def test_without_groups_there_is_no_average_over_groups(shelf):
    assert group_average(shelf) is None


def test_a_photo_of_two_known_things_is_shared_between_them(trial, draw):
    pair = draw(trial("1", ("cup", "dog"), "cup"), trial("2", "dog"))
    assert top1(pair).parts == {"cup": (0.5, 0.5), "dog": (0.5, 1.5)}
    assert top1(pair).value == 0.5


def test_parts_of_photos_without_known_things_belong_to_what_they_show(trial, draw):
    mixed = draw(trial("1", "stranger"), trial("2", (), "cup"), trial("3", (), about=("dog",)))
    assert false_alarms(mixed).parts == {"stranger": (0, 1), "2": (1, 1), "dog": (0, 1)}
