from pekit_agents.evaluation.report.mistakes import confusions, count_mistakes, worst_mistakes


def test_no_answers_no_mistakes(draw):
    assert worst_mistakes([], "missed") == []
    assert worst_mistakes([draw()], "false alarm") == []
    assert count_mistakes([draw()]) == {"missed": 0, "wrong name": 0, "false alarm": 0}


def test_what_is_missed_most_often_comes_first_then_the_lowest_score(trial, draw):
    def answers(seed, *, third):
        return draw(
            trial("1", "cup", scores={"cup": 0.4 - seed / 10}),
            trial("2", "dog", scores={"dog": 0.1}),
            trial("3", "cup", third, scores={"cup": 0.0}),
            trial("4", "dog", "dog"),
            seed=seed,
        )

    found = worst_mistakes([answers(0, third="cup"), answers(1, third=())], "missed")
    assert [(m.trial.photo, m.thing, m.times, m.chances) for m in found] == [
        ("2", "dog", 2, 2),
        ("1", "cup", 2, 2),
        ("3", "cup", 1, 2),
    ]
    assert found[1].score == 0.30000000000000004  # of the worse draw
    assert found[1].references == ("cup/ref.jpg",)


def test_only_draws_that_know_the_thing_are_chances(trial, draw):
    both = ("cup", "dog")
    draws = [draw(trial("1", both, "dog")), draw(trial("1", both, "dog"), known=("dog",), seed=1)]
    (missed,) = worst_mistakes(draws, "missed")
    assert (missed.thing, missed.times, missed.chances) == ("cup", 1, 1)


def test_wrong_names_are_told_apart_by_whether_a_known_thing_is_there(trial, draw):
    shelf = draw(
        trial("1", "cup", ("cup", "dog 0.4")),
        trial("2", "stranger", ("dog 0.3", "cup 0.8")),
        trial("3", (), "dog 0.9 or cup"),
    )
    (wrong,) = worst_mistakes([shelf], "wrong name")
    assert (wrong.trial.photo, wrong.thing, wrong.score) == ("1", "dog", 0.4)
    assert (wrong.times, wrong.chances) == (1, 1)
    (alarm,) = worst_mistakes([shelf], "false alarm")  # a photo is shown once, with its worst
    assert (alarm.trial.photo, alarm.thing, alarm.score) == ("2", "cup", 0.8)
    assert count_mistakes([shelf]) == {"missed": 0, "wrong name": 1, "false alarm": 2}


def test_confusions_are_counted_over_draws(trial, draw):
    shelf = draw(trial("1", "cup", "dog"), trial("2", "cup", "cup"), trial("3", "hat", "cup"))
    assert confusions([shelf, draw(trial("1", "cup", "dog"), seed=1)]) == [
        ("cup", "dog", 2),
        ("hat", "cup", 1),
    ]
    assert confusions([shelf], of_known=True) == [("cup", "dog", 1)]
    assert confusions([draw(trial("1", ("cup", "hat"), "dog"))]) == []  # which one was it?
