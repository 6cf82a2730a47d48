import pytest

from pekit_agents.evaluation.metrics.summary import summarise
from pekit_agents.evaluation.report.choosing import choose, rivals, tempting
from pekit_agents.evaluation.report.verdict import verdict

KNOWN = ("a", "b", "c", "d")


@pytest.fixture
def side(trial, draw):
    """Answer one photo of each of four things and of ten unknown things."""

    def make(name, *, right, alarms, known=KNOWN, **more):
        things = (trial(f"{t}.jpg", t, t if t in right else ()) for t in known)
        unknown = (trial(f"s{i}.jpg", f"s{i}", known[0] if i < alarms else ()) for i in range(10))
        return draw(*things, *unknown, known=known, recognizer=name, **more)

    return make


def chosen(draws, budget=0.1):
    choice = choose(summarise(draws), budget)
    return choice.chosen.configuration.label, choice.ground


def test_nothing_recognised_is_no_choice(side):
    assert choose((), 0.1) is None
    assert choose(summarise([side("mute", right="", alarms=0)]), 0.1) is None


def test_the_best_within_the_budget_wins(side):
    draws = [
        side("shy", right="a", alarms=0),
        side("good", right="abc", alarms=1),
        side("loud", right="abcd", alarms=9),
    ]
    assert chosen(draws) == ("good, 1 reference", "within")
    choice = choose(summarise(draws), 0.1)
    assert [one.configuration.recognizer for one in rivals(choice)] == ["loud", "shy"]
    assert tempting(choice).configuration.recognizer == "loud"
    assert chosen(draws, budget=0.9) == ("loud, 1 reference", "within")
    assert tempting(choose(summarise(draws), 0.9)) is None


def test_of_equals_the_fewest_references_win(side):
    draws = [side("kit", right="abc", alarms=0, refs=3), side("kit", right="abc", alarms=0)]
    assert chosen(draws) == ("kit, 1 reference", "within")


def test_what_may_still_be_within_is_preferred_to_what_is_clearly_over(side):
    draws = [side("fair", right="abc", alarms=2), side("loud", right="abcd", alarms=9)]
    assert chosen(draws) == ("fair, 1 reference", "unclear")  # 2 of 10: the interval is 0 to 5


def test_if_all_are_clearly_over_the_fewest_alarms_win(side):
    draws = [side("loud", right="abcd", alarms=10), side("less", right="a", alarms=9)]
    assert chosen(draws) == ("less, 1 reference", "over")


def test_without_photos_of_unknown_things_the_budget_cannot_be_checked(trial, draw):
    draws = [draw(trial("1", "cup", "cup"), trial("2", "dog", "dog"))]
    assert chosen(draws) == ("kit, 1 reference", "unmeasured")


def test_only_the_largest_memory_is_compared(side):
    draws = [
        side("kit", right="a", alarms=0, known=("a",), condition="objects=1"),
        side("kit", right="ab", alarms=1, condition="objects=4"),
    ]
    assert chosen(draws) == ("kit, 1 reference, objects=4", "within")


def test_false_alarms_may_be_measured_with_fewer_things_in_memory(side, trial, draw):
    """As where all things are known, and then half of them."""
    closed = [
        draw(*(trial(f"{t}.jpg", t, t) for t in KNOWN), known=KNOWN, recognizer=name)
        for name in ("calm", "loud")
    ]
    calm = side("calm", right="a", alarms=1, known=("a", "b"), condition="half known")
    loud = side("loud", right="ab", alarms=9, known=("a", "b"), condition="half known")
    choice = choose(summarise([closed[1], closed[0], loud, calm]), 0.1)
    assert (choice.chosen.configuration.label, choice.ground) == ("calm, 1 reference", "within")
    assert choice.chosen.open_set.configuration.condition == "half known"
    assert [one.configuration.recognizer for one in choice.candidates] == ["loud", "calm"]


def test_false_alarms_of_other_references_tell_nothing(side, trial, draw):
    closed = draw(*(trial(f"{t}.jpg", t, t) for t in KNOWN), known=KNOWN)
    half = side("kit", right="a", alarms=0, known=("a", "b"), refs=3, condition="half known")
    assert choose(summarise([closed, half]), 0.1).ground == "unmeasured"


def words(run, draws, budget=0.1):
    summaries = summarise(draws)
    return " ".join(verdict(run(*draws), choose(summaries, budget), summaries))


def test_the_verdict_says_what_to_take_and_why(side, run):
    text = words(run, [side("good", right="abc", alarms=1), side("shy", right="a", alarms=0)])
    assert text.startswith(
        "Take good, 1 reference: the best weighted accuracy within the false-alarm budget of 10 %."
    )
    assert "names the right one first in 75 % of their other photos" in text
    assert "; in 10 % of the photos without any of those it names something" in text
    assert "the next best of as many references, shy, 1 reference: +24.0 points" in text
    assert "4 things at a time and 1 random draw of references" in text
    assert "grows" not in text
    assert "Compared with" not in text


def test_the_verdict_names_the_gain_of_more_references(side, run):
    draws = [side("kit", right="ab", alarms=0), side("kit", right="abcd", alarms=0, refs=3)]
    assert "Compared with kit, 1 reference: +25.0 points" in words(run, draws)


def test_the_verdict_follows_the_numbers(side, run):
    assert words(run, [side("loud", right="abcd", alarms=10)]).startswith("Take none of these")
    unclear = words(run, [side("fair", right="abc", alarms=2)])
    assert unclear.startswith("Take fair, 1 reference. Nothing measured here stays within")
    assert "No threshold on its scores" in unclear  # there are no scores
    assert words(run, []).startswith("Nothing can be recommended")
    better = [side("good", right="abc", alarms=1), side("loud", right="abcd", alarms=9)]
    assert "loud, 1 reference recognises better" in words(run, better)


def test_the_verdict_tells_how_memory_grows(side, run):
    draws = [
        side("kit", right="a", alarms=0, known=("a",), condition="objects=1"),
        side("kit", right="abcd", alarms=1, condition="objects=4"),
    ]
    text = words(run, draws)
    assert "grows from 1 to 4 things, the photos with a false alarm go from 0 % to 10 %" in text


def test_false_alarms_measured_elsewhere_count_as_mistakes(side, run, trial, draw):
    closed = draw(*(trial(f"{t}.jpg", t, t) for t in KNOWN), known=KNOWN)
    half = side("kit", right="ab", alarms=1, known=("a", "b"), condition="half known")
    text = words(run, [closed, half])
    assert "What goes wrong most (1 of 1 mistakes): a photo of none" in text
    assert "; with 2 things in memory, in 10 % of the photos" in text


def test_a_faultless_run_asks_for_harder_photos(side, run):
    assert "It made no mistake here" in words(run, [side("kit", right="abcd", alarms=0)])
