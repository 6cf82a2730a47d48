from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console
from rich.markdown import Markdown

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.comparison.compare import compare
from pekit_agents.evaluation.report.comparison import comparison_html, comparison_markdown

THINGS = ("a", "b", "c", "d")


@pytest.fixture
def answers(trial, draw):
    def make(right, **more):
        trials = (trial(f"{t}.jpg", t, t if t in right else ()) for t in THINGS)
        return draw(*trials, trial("s.jpg", (), more.pop("alarm", ())), known=THINGS, **more)

    return make


@pytest.fixture
def pair(run, answers):
    return run(answers("a"), answers("a", seed=1)), run(answers("abcd"), answers("bcd", seed=1))


def test_a_run_equals_itself(pair):
    (pairing,) = compare(pair[0], pair[0]).pairings
    assert {change.mean for change in pairing.differences.values()} <= {0.0, None}
    assert pairing.photos == ()


def test_differences_are_second_minus_first_with_an_interval(pair):
    (pairing,) = compare(*pair).pairings
    change = pairing.differences["recall"]
    assert change.mean == pytest.approx(7 / 8 - 1 / 4)
    assert change.interval[1] == 1.0
    assert pairing.differences["precision"].mean == 0.0
    assert pairing.differences["nearest"].mean is None


def test_photos_that_changed_are_named_what_got_worse_first(pair):
    (pairing,) = compare(*pair).pairings
    assert [(p.photo, p.before, p.after) for p in pairing.photos] == [
        ("a.jpg", 0.0, 0.5),
        ("b.jpg", 1.0, 0.0),
        ("c.jpg", 1.0, 0.0),
        ("d.jpg", 1.0, 0.0),
    ]
    assert (pairing.photos[0].named_before, pairing.photos[0].named_after) == (("a",), ())


def test_each_number_of_references_is_compared_alone(run, answers):
    both = run(answers("a", refs=3), answers("a"))
    labels = [p.first.configuration.label for p in compare(both, both).pairings]
    assert labels == ["kit, 1 reference", "kit, 3 references"]


def test_two_recognizers_of_one_run_can_be_compared(run, answers):
    one = run(answers("a", recognizer="old"), answers("abc", recognizer="new"))
    (pairing,) = compare(one, one, recognizers=("old", "new")).pairings
    assert pairing.differences["recall"].mean == 0.5
    assert pairing.second.configuration.recognizer == "new"


def test_a_lone_recognizer_is_compared_with_a_lone_one_of_another_name(run, answers):
    (pairing,) = compare(
        run(answers("a", condition="tau=0.3")), run(answers("ab", condition="tau=0.5"))
    ).pairings
    assert pairing.second.configuration.condition == "tau=0.5"


def test_what_only_one_run_has_is_told(run, answers):
    a = run(answers("a"), answers("a", recognizer="old"))
    b = run(answers("a"), answers("a", condition="tau=0.3"))
    assert compare(a, b).unpaired == ("old (A)", "kit, tau=0.3 (B)")


def other_draw(run, **changes):
    return replace(run, draws=(replace(run.draws[0], **changes), *run.draws[1:]))


def other_trial(run, **changes):
    first = run.draws[0].trials[0]
    return other_draw(run, trials=(replace(first, **changes), *run.draws[0].trials[1:]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: replace(r, dataset="attic"), "data set, got shelf and attic"),
        (lambda r: replace(r, protocol="growth"), "protocol, got recognition and growth"),
        (lambda r: replace(r, draws=r.draws[:1]), "got 1/0, 1/1 and 1/0"),
        (lambda r: other_draw(r, seed=7), "got 1/0, 1/1 and 1/1, 1/7"),
        (
            lambda r: other_draw(r, known=("a", "b", "c")),
            "things known \\(references 1, seed 0\\), got d of 1 more and none more",
        ),
        (
            lambda r: other_draw(r, references={**r.draws[0].references, "b": ("b/2.jpg",)}),
            "references of b .references 1, seed 0., got b/ref.jpg and b/2.jpg",
        ),
        (
            lambda r: other_draw(r, trials=()),
            "photos .references 1, seed 0., got a.jpg, b.jpg, c.jpg of 5 more",
        ),
        (lambda r: other_trial(r, shows=("b",)), "truth about a.jpg"),
        (lambda r: other_trial(r, group="fake"), "truth about a.jpg"),
    ],
)
def test_runs_that_asked_otherwise_are_refused_and_the_difference_named(pair, change, message):
    with pytest.raises(InvalidInput, match=f"cannot be compared: expected the same .*{message}"):
        compare(pair[0], change(pair[0]))


def test_runs_that_share_no_recognizer_are_refused(run, answers):
    a = run(answers("a"), answers("a", recognizer="old"))
    b = run(answers("a", recognizer="x"), answers("a", recognizer="y"))
    with pytest.raises(InvalidInput, match="recognizers and conditions, got kit; old and x; y"):
        compare(a, b)
    with pytest.raises(InvalidInput, match=r"expected recognizers \('kit', 'z'\)"):
        compare(a, a, recognizers=("kit", "z"))


def test_a_clear_difference_is_said_first(run, answers):
    html = comparison_html(compare(run(answers("")), run(answers("abcd"))))
    assert "against A, B is clearly better in weighted accuracy, recall, right name first" in html
    worse = comparison_html(compare(run(answers("abcd")), run(answers(""))))
    assert "against A, B is clearly worse in weighted accuracy, recall, right name first" in worse


def test_memories_of_one_thing_each_are_compared_one_by_one(run, trial, draw):
    def alone(*named):
        return run(
            *(
                draw(
                    trial("a.jpg", "a", word), trial("b.jpg", "b"), known=(known,), condition="dog"
                )
                for known, word in zip("ab", named, strict=True)
            ),
            protocol="kinds",
        )

    after = alone((), "b")
    turned = replace(after, draws=after.draws[::-1])
    (pairing,) = compare(alone("a", ()), turned).pairings
    # In the memory of a its photo was named and is not; in that of b it was not and is, wrongly.
    assert pairing.differences["top1"].mean == -0.5
    assert pairing.differences["others_named"].mean == 0.5
    (photo,) = pairing.photos
    assert (photo.photo, photo.before, photo.after) == ("a.jpg", 0, 1)
    assert (photo.named_before, photo.named_after) == (("a",), ())  # in the memory of a
    with pytest.raises(InvalidInput, match="things known"):
        compare(alone("a", ()), replace(alone("a", ()), draws=alone("a", ()).draws[::-1][:1] * 2))


def test_more_wrong_names_are_worse(run, trial, draw):
    def wrong(word):
        return run(draw(*(trial(f"{t}.jpg", t, word) for t in "pqrs"), known=THINGS))

    markdown = comparison_markdown(compare(wrong(()), wrong("a")))
    worse = "photos with a false alarm, other things named, false alarms per photo"
    assert f"clearly worse in {worse};" in markdown
    (row,) = [row for row in markdown.splitlines() if row.startswith("| **▶ False alarms per")]
    assert row.endswith("| worse |")


def test_a_comparison_reads_well_everywhere(pair):
    found = compare(*pair, names=("old [red]", "<b>new</b>"))
    html, markdown = comparison_html(found), comparison_markdown(found)
    console = Console(width=140, file=StringIO())
    console.print(Markdown(markdown))
    terminal = console.file.getvalue()
    assert "<b>new" not in html
    assert "&lt;b&gt;new&lt;/b&gt; minus old [red]" in html
    assert "no clear difference between old [red] and" in html
    assert r"\<b\>new\</b\> minus old \[red\]" in markdown
    assert "+62.5" in html
    assert "+62.5" in markdown
    assert "+62.5" in terminal
    assert "old [red]" in terminal
    assert "1 photo got worse." in terminal
    assert "3 photos got better." in terminal
