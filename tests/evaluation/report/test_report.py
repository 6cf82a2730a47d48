import re
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO

import pytest
from PIL import Image

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.metrics.summary import summarise
from pekit_agents.evaluation.records import Named
from pekit_agents.evaluation.report import content, write_report
from pekit_agents.evaluation.report.content import Cell, Section, Table, TableRow
from pekit_agents.evaluation.report.html import to_html
from pekit_agents.evaluation.report.markdown import escape, to_markdown
from pekit_agents.evaluation.report.numbers import duration, percent, points
from pekit_agents.evaluation.report.plots import _deviate, detection_error_plot
from pekit_agents.types import Box

NASTY = '<script>alert("x")</script> | $E=mc^2$ & _co_'


@pytest.fixture
def shelf(trial, draw, run, write_photos):
    """Two recognizers with one and three references, mistakes of every kind, and scores."""
    folder = write_photos("cup/1.jpg", "dog/1.jpg", "hat/1.jpg", "cup/ref.jpg", "dog/ref.jpg")
    left, right = Box(200, 100, 320, 240), Box(400, 20, 600, 90)
    draws = [
        draw(
            trial("cup/1.jpg", "cup", (), scores={"cup": 0.2}, boxes={"cup": (left,)}),
            trial("dog/1.jpg", "dog", Named("cup", 0.7, right), scores={"cup": 0.7, "dog": 0.3}),
            trial("dog/2.jpg", "dog", "dog 0.9", scores={"cup": 0.1, "dog": 0.9}),
            trial("hat/1.jpg", "hat", Named("dog", 0.6, left), scores={"dog": 0.6}),
            recognizer=name,
            refs=refs,
        )
        for name in ("kit", "plain")
        for refs in (1, 3)
    ]
    return run(*draws, root=folder, threshold=0.5, nested={"size": [1, 2]})


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.links, self.words = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href", "srcset")]

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(self.words)


def test_nothing_to_report_is_refused(tmp_path, run):
    for runs in ([], [run()]):
        with pytest.raises(InvalidInput, match="expected runs with at least one draw"):
            write_report(runs, tmp_path / "out")


@pytest.mark.parametrize("budget", [-0.1, 1.1, float("nan")])
def test_a_budget_is_a_share(tmp_path, shelf, budget):
    with pytest.raises(InvalidInput, match=r"expected a budget in \[0, 1\]"):
        write_report([shelf], tmp_path / "out", budget=budget)


def test_the_page_is_whole_by_itself_and_needs_no_script(tmp_path, shelf):
    page = Page(write_report([shelf], tmp_path / "out")[0].read_text("utf-8"))
    assert page.links
    assert all(link.startswith("data:image/") for link in page.links)
    assert "script" not in page.tags
    assert "link" not in page.tags


def test_every_kind_of_mistake_is_pictured_with_its_score(tmp_path, shelf):
    text = Page(write_report([shelf], tmp_path / "out")[0].read_text("utf-8")).text
    for words in (
        "Missed cup",
        "Score of cup: 0.20",
        "Named cup, which is not there",
        "Named dog, which is not there",
        "hat (not remembered)",
        "dog was remembered from:",
        "Setting threshold",
        "Setting nested.size",
        "1, 2",
        "Version pekit-agents",
        "1 min 5 s",
    ):
        assert words in text


def test_boxes_are_drawn_where_they_are(tmp_path, shelf):
    write_report([shelf], tmp_path / "out")
    tile = Image.open(tmp_path / "out/report_files/false-alarm-1.jpg").convert("RGB")
    assert tile.size == (320, 160)  # half the photo's
    orange = {(x, y) for x in range(320) for y in range(160) if is_orange(tile.getpixel((x, y)))}
    assert orange
    band = 5  # the line runs around the box
    assert (min(orange)[0], max(orange)[0]) == pytest.approx((100, 160), abs=band)


def is_orange(pixel):
    return pixel[0] > 190 and 90 < pixel[1] < 170 and pixel[2] < 90


def test_markdown_links_to_pictures_that_are_there(tmp_path, shelf):
    files = write_report([shelf], tmp_path / "out")
    links = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", files[1].read_text("utf-8"))
    assert {"report_files/open-set.png", "report_files/references.png"} <= set(links)
    assert {tmp_path / "out" / link for link in links} == set(files[2:])
    for file in files[2:]:
        Image.open(BytesIO(file.read_bytes())).verify()


def test_the_same_run_gives_the_same_files(tmp_path, shelf):
    first = write_report([shelf], tmp_path / "one")
    second = write_report([shelf], tmp_path / "two")
    assert [file.read_bytes() for file in first] == [file.read_bytes() for file in second]


def test_a_moved_folder_is_told_on_the_tile(tmp_path, shelf):
    moved = replace(shelf, root=str(tmp_path / "gone"))
    files = write_report([moved], tmp_path / "out")
    page = Page(files[0].read_text("utf-8"))
    assert "no readable picture in the data set's folder" in page.text
    assert not [file for file in files if file.suffix == ".jpg"]


@pytest.mark.parametrize("path", ["../secret.jpg", "cup/../../secret.jpg", "..\\secret.jpg"])
def test_no_photo_outside_the_folder_is_opened(tmp_path, trial, draw, run, write_photos, path):
    root = write_photos("cup/1.jpg")
    Image.new("RGB", (99, 99)).save(tmp_path / "secret.jpg")
    odd = run(draw(trial(path, "cup"), trial("cup/1.jpg", "cup", "cup")), root=root)
    files = write_report([odd], tmp_path / "out")
    assert "leads out of the data set" in files[0].read_text("utf-8")
    assert not [file for file in files if file.name == "missed-1.jpg"]


def test_names_cannot_become_markup(tmp_path, trial, draw, run, write_photos):
    root = write_photos("1.jpg", "2.jpg")
    answers = draw(
        trial("1.jpg", NASTY, Named("dog", 0.8, Box(1, 1, 90, 90))),
        trial("2.jpg", "dog", "dog"),
        known=(NASTY, "dog"),
        recognizer=NASTY,
    )
    files = write_report([run(answers, dataset=NASTY, root=root, note=NASTY)], tmp_path / "out")
    page = Page(files[0].read_text("utf-8"))
    assert "script" not in page.tags
    assert NASTY in page.text
    markdown = files[1].read_text("utf-8")
    assert "<script>" not in markdown
    assert f"| {escape(NASTY)} | 0 of 1 |" in markdown


def test_a_page_is_the_same_text_as_markdown_and_as_html():
    rows = (TableRow((Cell("1. red"), Cell("50", "40 to 60")), marked=True),)
    blocks = ("- no list", "2. nor this", Table("", ("Thing", "Right"), rows))
    markdown = to_markdown([content.Page("A *b*", ("Read", "+ this"), (Section("C", blocks),))], "")
    assert "> Read\n>\n> \\+ this" in markdown
    assert "| **▶ 1. red** | 50 *(40 to 60)* |" in markdown
    html = to_html(markdown, "Title", {})
    page = Page(html)
    assert not {"ul", "ol"} & set(page.tags)
    for words in ("A *b*", "+ this", "- no list", "2. nor this", "▶ 1. red", "(40 to 60)"):
        assert words in page.words
    assert '<th scope="col">Right</th>' in html
    assert '<th scope="row" class="whole"><strong>' in html


def test_several_runs_are_chapters_with_pictures_of_their_own(tmp_path, shelf):
    files = write_report([shelf, replace(shelf, protocol="scenes")], tmp_path / "out")
    text = files[1].read_text("utf-8")
    assert "# shelf: recognition" in text
    assert "# shelf: scenes" in text
    assert len({file.name for file in files}) == len(files)


def test_memory_that_grows_has_a_curve(tmp_path, trial, draw, run):
    sizes = [
        draw(
            *(trial(f"{t}.jpg", t, t) for t in known),
            trial("s.jpg", ()),
            known=tuple(known),
            condition=f"objects={len(known)}",
        )
        for known in ("ab", "abcd")
    ]
    files = write_report([run(*sizes, protocol="growth")], tmp_path / "out")
    assert "growth.png" in {file.name for file in files}
    assert "references.png" not in {file.name for file in files}


def test_probabilities_are_drawn_where_half_of_the_things_is_known(tmp_path, trial, draw, run):
    def made(recognizer, *, sure, condition="half known"):
        return draw(
            trial("1.jpg", "cup", Named("cup", 2.0, probability=sure), scores={"cup": 2.0}),
            trial("2.jpg", "dog", (), scores={"cup": 0.5}),
            trial("3.jpg", "hat", Named("cup", 1.0, probability=sure), scores={"cup": 1.0}),
            recognizer=recognizer,
            condition=condition,
        )

    drawn = {"reliability.png", "detection-error.png"}
    with_them = run(made("kit", sure=0.6), made("plain", sure=None))
    files = write_report([with_them], tmp_path / "a")
    assert drawn <= {file.name for file in files}
    # Both answers are said to be 60 % likely and one half is right.
    assert "The largest deviation" not in files[1].read_text("utf-8")  # of 2 answers
    without = run(made("plain", sure=None))
    assert not drawn & {file.name for file in write_report([without], tmp_path / "b")}
    all_known = run(made("kit", sure=0.6, condition=""))
    assert not drawn & {file.name for file in write_report([all_known], tmp_path / "c")}


def test_a_tile_says_how_likely_an_answer_was_and_what_was_possible(tmp_path, trial, draw, run):
    missed = trial(
        "1.jpg",
        "cup",
        Named("dog", 1.0, probability=0.73),
        possible=(Named("cup", -1.0, probability=0.27),),
    )
    text = write_report([run(draw(missed, trial("2.jpg", "dog", "dog")))], tmp_path)[1].read_text()
    assert r"Named: dog (1.00, 73 %); Possible: cup (-1.00, 27 %)" in text


def test_normal_deviates_are_those_of_the_normal_distribution_and_end():
    assert _deviate(0.5) == 0
    assert _deviate(0.8) == pytest.approx(0.8416, abs=1e-4)
    assert _deviate(0.2) == pytest.approx(-0.8416, abs=1e-4)
    assert _deviate(0) == _deviate(0.005) == pytest.approx(-2.5758, abs=1e-4)
    assert _deviate(1) == _deviate(0.9) == pytest.approx(1.2816, abs=1e-4)


def test_nothing_to_threshold_is_no_detection_error(trial, draw):
    assert detection_error_plot(summarise([draw(trial("1", "cup", "cup"))])) is None


def test_groups_have_a_table(tmp_path, trial, draw, run):
    parts = draw(trial("1.jpg", "cup", "cup", group="positive"), trial("2.jpg", (), group="fake"))
    text = write_report([run(parts)], tmp_path / "out")[1].read_text("utf-8")
    assert "fake (%) | positive (%) | Average (%)" in text


def test_a_run_without_any_known_photo_is_reported_too(tmp_path, trial, draw, run):
    files = write_report([run(draw(trial("1.jpg", "hat")))], tmp_path / "out")
    assert "Nothing can be recommended" in files[0].read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", ""), ("a|b", r"a\|b"), ("<b>", r"\<b\>"), ("a\nb", "a b"), ("[x](y)", r"\[x\](y)")],
)
def test_markdown_is_escaped(text, expected):
    assert escape(text) == expected


def test_numbers_read_well():
    assert [percent(x) for x in (0, 0.001, 0.934, 1)] == ["0 %", "<1 %", "93 %", "100 %"]
    assert points(0.024) == "+2.4"
    assert points(-0.5) == "\N{MINUS SIGN}50.0"
    assert [duration(x) for x in (0.208, 48.2, 200, 7500)] == [
        "0.21 s",
        "48 s",
        "3 min 20 s",
        "2 h 5 min",
    ]
