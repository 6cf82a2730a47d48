"""The console as people use it: in Debian's Chromium, with a mouse, a finger and keys."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.server.console.asking import photo
from tests.server.console.hands import BLUE, RED, drag, drop, fits

pytestmark = pytest.mark.slow


def test_introduce_find_and_correct(listening, visits, width):
    address, app = listening()
    page = visits.open(address, width=width)
    page.get_by_role("link", name="Introduce the first thing").click()
    expect(page.get_by_role("heading", name="Introduce something of yours")).to_be_visible()
    drop(page, "two.png", photo(red=(5, 5, 95, 115), blue=BLUE))
    outline = page.locator("path.outline")
    expect(outline).to_have_attribute("d", "M5.0 5.0H95.0V115.0H5.0Z")
    # It took the red one: draw a box around the blue one.
    drag(page, page.locator("svg.draws"), (0.6, 0.2), (0.96, 0.8))
    expect(page.get_by_role("button", name="Without the box")).to_be_visible()
    expect(page.locator("input[name=box]")).to_have_value(re.compile(r"9\d\.\d,2\d\.\d,15"))
    page.get_by_label("Name").fill("Ruby")
    page.get_by_label("What it is").fill("mug")
    page.get_by_role("button", name="Remember it").click()
    expect(page.get_by_role("status")).to_have_text("Ruby is remembered.")
    expect(page).to_have_url(re.compile(r"/things/[0-9a-f]{32}$"))
    expect(page.get_by_text("One or two photos from other sides")).to_be_visible()
    assert fits(page)

    page.get_by_role("navigation").get_by_role("link", name="Try").click()
    expect(page.get_by_role("heading", name="What is recognised?")).to_be_visible()
    drop(page, "park.png", photo(pale_blue=RED, red=(90, 10, 150, 60)))
    expect(page.get_by_role("heading", name="Ruby?")).to_contain_text("likely")
    assert fits(page)
    page.get_by_role("button", name="No, it is not Ruby").click()
    expect(page.get_by_text("Learnt: this is not Ruby.")).to_be_visible()
    expect(page.get_by_text("Nothing of yours is recognised here.")).to_be_visible()
    (obj,) = app.state.service.kit("default").objects()
    assert (obj.name, obj.n_views, obj.n_negatives) == ("Ruby", 1, 1)
    page.goto(f"{address}/")
    expect(page.get_by_text("1 photo, 1 correction")).to_be_visible()


def test_a_box_is_drawn_with_keys_alone(listening, visits):
    address, _ = listening()
    page = visits.open(f"{address}/introduce")
    drop(page, "two.png", photo(red=(5, 5, 95, 115), blue=BLUE))
    page.locator("svg.draws").focus()
    page.keyboard.press("Enter")  # 40,30 to 120,90; a step is 3.2 pixels
    for key, times in (("ArrowRight", 6), ("Shift+ArrowLeft", 3), ("ArrowUp", 1)):
        for _ in range(times):
            page.keyboard.press(key)
    page.keyboard.press("Enter")
    expect(page.locator("input[name=box]")).to_have_value("59.2,26.8,129.6,86.8")
    expect(page.get_by_role("button", name="Without the box")).to_be_visible()
    expect(page.locator("svg.draws")).to_be_focused()


def test_a_box_is_drawn_with_a_finger(listening, visits):
    address, _ = listening()
    page = visits.open(f"{address}/introduce", width=390, has_touch=True, is_mobile=True)
    drop(page, "two.png", photo(red=(5, 5, 95, 115), blue=BLUE))
    page.get_by_role("button", name="Draw a box").tap()
    drawn = page.locator("svg.draws")
    box = drawn.bounding_box()
    touch = page.context.new_cdp_session(page)

    def finger(kind: str, *place: float) -> None:
        shares = zip(("x", "y"), place, ("width", "height"), strict=False)
        at = {axis: box[axis] + share * box[side] for axis, share, side in shares}
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [at] if at else []})

    finger("touchStart", 0.6, 0.2)
    finger("touchMove", 0.8, 0.5)
    finger("touchMove", 0.95, 0.8)
    finger("touchEnd")
    expect(page.get_by_role("button", name="Without the box")).to_be_visible()


def test_one_bad_photo_of_several_is_named_and_the_others_are_shown(listening, visits):
    visits.refusals.add(422)
    address, _ = listening()
    page = visits.open(f"{address}/introduce")
    files = [("a.png", photo(red=RED)), ("notes.png", b"no photo"), ("b.png", photo(red=BLUE))]
    page.get_by_label("Photos of it alone").set_input_files(
        [{"name": name, "mimeType": "image/png", "buffer": content} for name, content in files]
    )
    expect(page.locator("path.outline")).to_have_count(2)
    expect(page.locator(".refused li")).to_contain_text("notes.png: Expected a photo")
    page.get_by_role("button", name="Leave out").first.click()
    expect(page.locator("input[name=photo][type=hidden]")).to_have_count(1)


def test_a_question_in_a_refusal_ends_as_one(listening, visits):
    visits.refusals.add(422)
    address, _ = listening()
    page = visits.open(f"{address}/introduce")
    drop(page, "empty.png", b"")
    expect(page.locator(".refused li")).to_have_text(re.compile(r"was it saved completely\?$"))


def test_a_folder_is_dropped_with_all_that_is_in_it(listening, visits, tmp_path):
    address, app = listening()
    app.state.service.kit("default").remember("Biscuit", photo(red=RED), category="dog")
    (tmp_path / "album" / "June").mkdir(parents=True)
    (tmp_path / "album" / "a.png").write_bytes(photo(red=BLUE))
    (tmp_path / "album" / "June" / "b.png").write_bytes(photo(blue=RED))
    (tmp_path / "album" / "notes.txt").write_text("no photo")
    page = visits.open(f"{address}/try")
    data = {"items": [], "files": [str(tmp_path / "album")], "dragOperationsMask": 1}
    browser = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        event = {"type": kind, "x": 640, "y": 200, "data": data}
        browser.send("Input.dispatchDragEvent", event)
    expect(page.locator("article .told")).to_have_count(2)
    expect(page.locator("figcaption", has_text=re.compile(r"^[ab]\.png$"))).to_have_count(2)
    expect(page.get_by_role("heading", name="Biscuit")).to_have_count(1)


def test_a_name_that_is_taken_is_told_and_nothing_typed_is_lost(listening, visits):
    visits.refusals.add(409)
    address, app = listening()
    app.state.service.kit("default").remember("Biscuit", photo(red=RED), category="dog")
    page = visits.open(f"{address}/introduce")
    drop(page, "a.png", photo(blue=BLUE))
    page.get_by_label("Name").fill("biscuit")
    page.get_by_label("What it is").fill("mug")
    page.get_by_label("Note").fill("From Lisbon.")
    page.get_by_role("button", name="Remember it").click()
    told = page.get_by_role("alert").filter(has_text="Biscuit")
    expect(told).to_contain_text("add photos on its page; otherwise choose another name.")
    expect(page.get_by_label("Note")).to_have_value("From Lisbon.")
    page.get_by_label("Name").fill("Ruby")
    page.get_by_role("button", name="Remember it").click()
    expect(page.get_by_role("status")).to_have_text("Ruby is remembered.")


def test_what_was_typed_is_there_for_who_goes_back_and_not_for_the_next_thing(listening, visits):
    address, _ = listening()
    page = visits.open(f"{address}/introduce")
    drop(page, "a.png", photo(blue=BLUE))
    page.get_by_label("Name").fill("Ruby")
    page.get_by_label("What it is").fill("mug")
    page.get_by_label("Note").fill("From Lisbon.")
    page.get_by_role("button", name="Remember it").click()
    expect(page.get_by_role("status")).to_have_text("Ruby is remembered.")
    page.go_back()
    expect(page.get_by_label("Note")).to_have_value("From Lisbon.")
    expect(page.get_by_label("Name")).to_have_value("Ruby")
    expect(page.get_by_label("What it is")).to_have_value("mug")
    page.goto(f"{address}/introduce")
    page.wait_for_load_state("load")
    expect(page.get_by_label("Note")).to_have_value("")


def test_a_lost_edit_is_told_in_the_form(listening, visits, width):
    visits.refusals.add(412)
    address, app = listening()
    kit = app.state.service.kit("default")
    obj = kit.remember("Biscuit", photo(red=RED), category="dog")
    page = visits.open(f"{address}/things/{obj.object_id}", width=width)
    kit.update(obj.object_id, name="Rex")
    page.get_by_label("Name").fill("Bix")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert").filter(has_text="nothing is saved")).to_be_visible()
    expect(page.get_by_text("Now: Rex")).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("Bix")
    assert fits(page)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Bix")
    assert kit.get(obj.object_id).name == "Bix"


def test_the_review_is_done_with_keys(listening, visits):
    address, app = listening()
    kit = app.state.service.kit("default")
    for name, colour in (("Biscuit", "red"), ("Ruby", "blue"), ("Fern", "green")):
        kit.remember(name, photo(**{colour: RED}), category="mug", object_id=colour)
        kit.review.keep(kit.find(photo(**{f"pale_{colour}": RED})), label=colour)
    page = visits.open(f"{address}/review")
    cards = page.locator("[data-doubt]")
    expect(cards).to_have_count(3)
    page.keyboard.press("ArrowRight")
    expect(cards.nth(0)).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("n")
    expect(page.get_by_role("status")).to_have_text("Learnt: it is not Ruby.")
    expect(cards).to_have_count(2)
    expect(cards.nth(0)).to_be_focused()
    page.keyboard.press("y")
    expect(page.get_by_role("status")).to_have_text("Learnt: it is Biscuit.")
    cards.get_by_label("What it is").select_option(label="Biscuit (mug)")
    cards.get_by_role("button", name="So it is").click()
    expect(page.get_by_text("Nothing waits for you")).to_be_visible()
    learnt = {obj.name: (obj.n_views, obj.n_negatives) for obj in kit.objects()}
    assert learnt == {"Biscuit": (3, 0), "Ruby": (1, 1), "Fern": (1, 1)}


def test_forgetting_asks_first_and_is_for_good(listening, visits):
    address, app = listening()
    kit = app.state.service.kit("default")
    obj = kit.remember("Biscuit", photo(red=RED), category="dog")
    page = visits.open(f"{address}/things/{obj.object_id}")
    expect(page.get_by_role("button", name="Forget it for good")).to_be_hidden()
    page.get_by_text("Forget Biscuit").click()
    expect(page.get_by_text("This cannot be undone")).to_be_visible()
    page.get_by_role("button", name="Forget it for good").click()
    expect(page.get_by_text("Nothing is remembered yet")).to_be_visible()
    assert kit.objects() == []


@pytest.mark.parametrize(
    ("path", "asked", "shown"),
    [
        ("/introduce", "**/introduce/outline?*", "path.outline"),
        ("/try", "**/try/img_*", "text=Nothing of yours is recognised here."),
    ],
)
def test_where_the_server_is_gone_a_photo_can_be_looked_at_again(
    listening, visits, path, asked, shown
):
    address, _ = listening()
    page = visits.open(f"{address}{path}")
    page.route(asked, lambda route: route.abort("connectionreset"))
    drop(page, "a.png", photo(red=RED))
    again = page.get_by_role("button", name="Look again")
    expect(again).to_be_visible()
    expect(page.get_by_role("alert").filter(has_text="cannot be reached")).to_be_visible()
    expect(page.locator(".spinner.on")).to_have_count(0)
    page.unroute(asked)
    again.click()
    expect(page.locator(shown)).to_be_visible()
    assert all("ERR_CONNECTION_RESET" in each or "htmx:" in each for each in visits.wrong)
    visits.wrong.clear()  # what the browser and htmx say of a lost connection


def test_a_photo_is_handed_to_an_agent(listening, visits):
    address, app = listening()
    page = visits.open(f"{address}/upload", width=390)
    drop(page, "a.png", photo(red=RED))
    expect(page.get_by_text("It is your latest photo")).to_be_visible()
    (handle,) = app.state.service.latest("default")
    expect(page.get_by_text(handle)).to_be_visible()
    assert fits(page)
    drop(page, "b.png", photo(blue=BLUE))
    expect(page.locator("#handed > li")).to_have_count(2)
    (second,) = set(app.state.service.latest("default")) - {handle}
    # One of two is the latest: it alone says so.
    expect(page.get_by_role("status").filter(has_text="latest", visible=True)).to_have_count(1)
    expect(page.locator("#handed > :last-child")).to_contain_text(second)
    expect(page.locator("#handed > :last-child").get_by_role("status")).to_be_visible()


def test_the_slider_shows_what_each_strictness_would_do(listening, visits, width):
    address, app = listening()
    service = app.state.service
    service.kit("default").remember("Biscuit", photo(red=RED), category="dog")
    service.take_in("default", photo(pale_red=RED))
    page = visits.open(f"{address}/strictness", width=width)
    told = page.locator("article p:visible")
    expect(told).to_have_text("Biscuit?")
    page.get_by_role("slider").focus()
    page.keyboard.press("ArrowRight")
    expect(told).to_have_text("Biscuit")
    page.keyboard.press("Home")
    expect(told).to_have_text("silent")
    expect(page.get_by_text("0.5 %").locator("visible=true")).to_be_visible()
    assert fits(page)


def test_a_search_finds_while_one_types(listening, visits):
    address, app = listening()
    kit = app.state.service.kit("default")
    kit.remember("Biscuit", photo(red=RED), category="dog")
    kit.remember("Ruby", photo(blue=BLUE), category="mug")
    page = visits.open(address)
    page.get_by_role("searchbox").press_sequentially("rub")
    expect(page.get_by_role("link", name="Biscuit")).to_have_count(0)
    expect(page.get_by_role("link", name="Ruby")).to_be_visible()


@pytest.mark.parametrize(
    ("scheme", "ground"), [("light", "rgb(246, 246, 242)"), ("dark", "rgb(20, 24, 21)")]
)
def test_light_and_dark(listening, visits, scheme, ground):
    address, _ = listening()
    page = visits.open(address, color_scheme=scheme)
    expect(page.locator("body")).to_have_css("background-color", ground)


def test_every_page_fits_a_phone_and_can_be_read_by_ear(listening, visits):
    address, app = listening()
    service = app.state.service
    long = "An extraordinarily-long-name-without-a-break-" * 2
    obj = service.kit("default").remember(long[:80], photo(red=RED), category="dog")
    service.take_in("default", photo(pale_red=RED))
    service.kit("default").review.keep(service.kit("default").find(photo(pale_red=RED)))
    page = visits.open(address, width=390)
    thing = f"/things/{obj.object_id}"
    for path in ("/", "/introduce", "/try", "/review", "/strictness", "/upload", thing):
        page.goto(address + path)
        page.wait_for_load_state("networkidle")
        assert fits(page), path
        assert page.get_by_role("heading", level=1).count() == 1, path
        for field in page.locator("input:not([type=hidden]), select, textarea").all():
            assert field.evaluate("each => each.labels.length"), path
        assert page.locator("img:not([alt])").count() == 0, path
        nameless = "[...document.querySelectorAll('button')].filter((b) => !b.textContent.trim())"
        assert page.evaluate(f"{nameless}.length") == 0, path


def test_the_vendored_script_says_where_it_comes_from():
    static = Path(__file__).parents[3] / "pekit_agents" / "server" / "console" / "static"
    assert "htmx 2.0.11" in (static / "LICENSE-htmx.txt").read_text("utf-8")
    assert 'version:"2.0.11"' in (static / "htmx.min.js").read_text("utf-8")
