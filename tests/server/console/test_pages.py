"""What the console's handlers answer, without a browser."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient

from tests.server.console.asking import LOCAL, PART, introduce, make_app, photo, send

RED, BLUE = (20, 20, 80, 80), (100, 30, 150, 90)
ONE, TWO = "1" * 32, "2" * 32
PAGES = ["/", "/introduce", "/try", "/review", "/strictness", "/upload", f"/things/{ONE}"]


def kit_of(client: TestClient, user: str = "default"):
    return client.app.state.service.kit(user)


@pytest.fixture
def one_thing(console) -> TestClient:
    introduce(console, "Biscuit", photo(red=RED), ONE, context="Eats shoes.")
    return console


def correct(client: TestClient, handle: str, region: int, verdict: str, **more: str):
    form = {"region": region, "verdict": verdict, **more}
    return client.post(f"/try/{handle}/corrections", data=form, headers=PART)


@pytest.mark.parametrize("path", [*PAGES, "/things/nothing", "/static/console.css"])
def test_nothing_of_elsewhere_runs_in_a_page_or_shows_one(one_thing, path):
    headers = one_thing.get(path).headers
    policy = dict(each.split(" ", 1) for each in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"
    # "no-referrer" would take the origin from forms, by which admission knows them.
    assert headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize("path", [*PAGES, f"/things/{ONE}/photos", "/things/nothing"])
def test_a_page_holds_no_script_no_style_and_no_other_host(one_thing, path):
    html = one_thing.get(path).text
    assert re.findall(r"<script(?![^>]*\bsrc=\"/static/)", html) == []
    assert re.findall(r"<style|\sstyle=|\son\w+=|javascript:|https?://", html) == []


def test_what_users_typed_is_text_wherever_it_stands(console):
    evil = "<img src=x onerror=alert(1)>\"'"
    introduce(console, evil, photo(red=RED), ONE, context=evil)
    handle = send(console, photo(pale_red=RED))
    kit_of(console).review.keep(kit_of(console).find(photo(pale_red=RED)), label=evil)
    for path in (*PAGES, f"/try/{handle}?label={evil}", f"/?search={evil}"):
        assert "<img src=x" not in console.get(path).text, path


def test_an_empty_memory_says_how_to_begin(console):
    assert "Introduce the first thing" in console.get("/").text


def test_a_search_shows_what_it_is_found_in(one_thing):
    introduce(one_thing, "Ruby", photo(blue=BLUE), TWO)
    found = one_thing.get("/", params={"search": "shoes"}).text
    assert "Biscuit" in found
    assert "Ruby" not in found


def test_an_address_holds_an_id_and_never_a_name(one_thing):
    answer = one_thing.get("/things/Biscuit")
    assert answer.status_code == 404
    assert "forgotten or merged" in answer.text


def test_remembering_twice_by_one_form_remembers_once(one_thing):
    before = kit_of(one_thing).version()
    assert "Biscuit is remembered." in introduce(one_thing, "Biscuit", photo(red=RED), ONE)
    assert [(obj.name, obj.n_views) for obj in kit_of(one_thing).objects()] == [("Biscuit", 1)]
    assert kit_of(one_thing).version() == before


def test_advice_on_the_photos_is_told(console):
    assert "One or two photos from other sides" in introduce(
        console, "Biscuit", photo(red=RED), ONE
    )


def test_a_thing_with_few_photos_says_that_more_would_help(one_thing):
    told = "Photos from other sides, or in other light, would help"
    for pale in ("pale_red", "pale_green"):
        assert told in one_thing.get(f"/things/{ONE}").text
        handle = send(one_thing, photo(**{pale: RED}))
        one_thing.post(f"/things/{ONE}/photos", data={"photo": handle, "box": ""})
    assert told not in one_thing.get(f"/things/{ONE}").text


def test_a_photo_that_was_tried_has_a_page_of_its_own(one_thing):
    handle = send(one_thing, photo(red=RED))
    page = one_thing.get(f"/try/{handle}").text
    assert page.startswith("<!doctype html>")
    assert "<h3>Biscuit" in page
    assert one_thing.get(f"/try/{handle}", headers=PART).text.startswith('<div class="beside">')


def test_a_box_decides_what_is_remembered(console):
    both = photo(red=(5, 5, 95, 115), blue=BLUE)
    introduce(console, "Ruby", both, ONE, box="98,28,152,92")
    kit = kit_of(console)
    assert kit.find(photo(blue=RED)).matches[0].object.name == "Ruby"
    assert kit.find(photo(red=RED)).matches == ()


def test_the_outline_is_that_of_what_would_be_remembered(console):
    handle = send(console, photo(red=(20, 20, 80, 80)))
    drawn = console.get("/introduce/outline", params={"photo": handle}, headers=PART).text
    assert 'd="M20.0 20.0H80.0V80.0H20.0Z"' in drawn
    nothing = send(console, photo())
    told = console.get("/introduce/outline", params={"photo": nothing}, headers=PART)
    assert (told.status_code, "Draw a box around it" in told.text) == (200, True)


@pytest.mark.parametrize("box", ["1,2,3", "a,b,c,d", "nan,0,1,1", "80,80,20,20"])
def test_a_box_that_is_none_is_refused_with_a_sentence(console, box):
    handle = send(console, photo(red=RED))
    asked = {"photo": handle, "box": box}
    answer = console.get("/introduce/outline", params=asked, headers=PART)
    assert (answer.status_code, "expected" in answer.json()["detail"]) == (422, True)


@pytest.mark.parametrize(
    ("photos", "boxes", "told"),
    [
        (0, 0, "expected photos of it, found none"),
        (65, 0, "expected at most 64 photos of a thing, found 65"),
        (2, 1, "for each of 2 photos, found 1"),
    ],
)
def test_a_form_with_too_few_or_too_many_is_refused(console, photos, boxes, told):
    handle = send(console, photo(red=RED))
    form = {"object_id": ONE, "name": "Biscuit", "category": "dog"}
    form |= {"photo": [handle] * photos, "box": [""] * boxes}
    answer = console.post("/introduce", data=form, headers=PART)
    assert answer.status_code == 422
    assert told in answer.json()["detail"]
    assert kit_of(console).objects() == []


def test_a_photo_that_cannot_be_read_is_refused_with_a_sentence(console):
    files = {"photo": ("notes.txt", b"no photo", "text/plain")}
    answer = console.post("/try/photos", files=files, headers=PART)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_error_is_a_page_to_people(console):
    answer = console.get("/things/nothing")
    assert answer.status_code == 404
    assert "<h1>No such thing</h1>" in answer.text
    assert re.search(r"<p class=\"sentence\">Expected the id .* now\.</p>", answer.text)


def test_photos_are_added_and_removed(one_thing):
    handle = send(one_thing, photo(pale_red=RED))
    page = one_thing.post(f"/things/{ONE}/photos", data={"photo": handle, "box": ""}).text
    assert "1 photo is added." in page
    gone, kept = kit_of(one_thing).views(ONE)
    assert f"/things/{ONE}/views/{gone.view_id}/remove" in page
    one_thing.post(f"/things/{ONE}/views/{gone.view_id}/remove")
    assert [view.view_id for view in kit_of(one_thing).views(ONE)] == [kept.view_id]


def seen(**changed: str) -> dict[str, str]:
    texts = {"name": "Biscuit", "category": "mug", "context": "Eats shoes."}
    return {f"seen_{field}": text for field, text in texts.items()} | texts | changed


def test_texts_are_changed(one_thing):
    page = one_thing.post(f"/things/{ONE}", data=seen(name="Bix", context="")).text
    assert "Saved." in page
    obj = kit_of(one_thing).get(ONE)
    assert (obj.name, obj.category, obj.context) == ("Bix", "mug", "")


def test_a_lost_edit_is_told_and_what_was_typed_stays(one_thing):
    kit_of(one_thing).update(ONE, name="Rex")
    answer = one_thing.post(f"/things/{ONE}", data=seen(name="Bix"), headers=PART)
    assert answer.status_code == 412
    assert answer.headers["hx-retarget"] == "#texts"
    assert 'name="name" value="Bix"' in answer.text
    assert "Now: Rex" in answer.text
    assert kit_of(one_thing).get(ONE).name == "Rex"
    # What it is now has been seen, so that saving again replaces it.
    assert 'name="seen_name" value="Rex"' in answer.text
    assert one_thing.post(f"/things/{ONE}", data=seen(name="Bix", seen_name="Rex")).is_success
    assert kit_of(one_thing).get(ONE).name == "Bix"


def test_a_name_that_is_taken_comes_with_what_to_do(one_thing):
    introduce(one_thing, "Ruby", photo(blue=BLUE), TWO)
    answer = one_thing.post(f"/things/{ONE}", data=seen(name="ruby"), headers=PART)
    assert answer.status_code == 409
    assert answer.json()["detail"].endswith(
        "if it is the same thing, merge the two on this page; otherwise choose another name"
    )
    assert kit_of(one_thing).get(ONE).name == "Biscuit"


def test_a_field_that_was_left_alone_shows_what_it_is_now(one_thing):
    kit_of(one_thing).update(ONE, name="Rex")
    answer = one_thing.post(f"/things/{ONE}", data=seen(context="Eats socks."), headers=PART)
    assert answer.status_code == 412
    assert "nothing is saved" in answer.text
    assert 'name="name" value="Rex"' in answer.text
    assert "Eats socks.</textarea>" in answer.text
    assert "Now: Eats shoes." in answer.text


def test_a_question_in_a_page_about_an_error_ends_as_one(one_thing):
    sent = one_thing.post("/try/photos", files={"photo": ("a.png", b"")})
    assert sent.status_code == 422
    assert "was it saved completely?</p>" in sent.text


def test_merging_and_forgetting(one_thing):
    introduce(one_thing, "Ruby", photo(blue=BLUE), TWO)
    merged = one_thing.post(f"/things/{ONE}/merge", data={"into": TWO}, follow_redirects=False)
    assert (merged.status_code, merged.headers["location"]) == (303, f"/things/{TWO}")
    assert [(obj.name, obj.n_views) for obj in kit_of(one_thing).objects()] == [("Ruby", 2)]
    gone = one_thing.post(f"/things/{TWO}/forget", headers=PART)
    assert (gone.status_code, gone.headers["hx-redirect"]) == (204, "/")
    assert kit_of(one_thing).objects() == []


def test_a_photo_shows_what_is_named_possible_and_silent_and_why(one_thing):
    patches = {"red": (5, 5, 55, 55), "pale_red": (60, 5, 110, 55), "blue": (60, 70, 110, 110)}
    handle = send(one_thing, photo(**patches))
    page = one_thing.get(f"/try/{handle}", headers=PART).text
    (view,) = kit_of(one_thing).views(ONE)
    assert page.count(f'src="/things/{ONE}/views/{view.view_id}"') == 2
    assert page.count('class="match named"') == page.count('class="match possible"') == 1
    assert "29 % likely" in page
    assert "1 other region, nothing of yours" in page


def test_what_lies_in_a_match_is_no_region_of_its_own(one_thing):
    handle = send(one_thing, photo(red=(5, 5, 105, 75), blue=(30, 20, 60, 50)))
    page = one_thing.get(f"/try/{handle}", headers=PART).text
    assert page.count('class="match named"') == 1
    assert "nothing of yours" not in page


def test_no_and_yes_and_it_is_are_learnt(one_thing):
    introduce(one_thing, "Ruby", photo(blue=BLUE), TWO)
    handle = send(one_thing, photo(pale_red=RED))
    wrong = correct(one_thing, handle, 1, "no", seen=f"{ONE}?")
    assert "Learnt: this is not Biscuit." in wrong.text
    assert kit_of(one_thing).get(ONE).n_negatives == 1
    right = correct(one_thing, handle, 1, "is", object_id=TWO)
    assert "Learnt: this is Ruby." in right.text
    assert kit_of(one_thing).get(TWO).n_views == 2
    cleared = one_thing.post(f"/things/{ONE}/clear-corrections").text
    assert "The corrections are cleared." in cleared
    assert kit_of(one_thing).get(ONE).n_negatives == 0


def test_what_was_seen_and_is_not_so_any_more_is_not_learnt(one_thing):
    handle = send(one_thing, photo(red=RED))
    answer = correct(one_thing, handle, 1, "no", seen=TWO)
    assert "look again" in answer.text
    assert kit_of(one_thing).get(ONE).n_negatives == 0


def test_nothing_chosen_is_refused(one_thing):
    handle = send(one_thing, photo(blue=RED))
    answer = correct(one_thing, handle, 1, "is")
    assert (answer.status_code, "nothing chosen" in answer.json()["detail"]) == (422, True)


@pytest.mark.parametrize(("strictness", "kind"), [("0.06", "possible"), ("recall", "named")])
def test_a_strictness_holds_for_one_try(one_thing, strictness, kind):
    handle = send(one_thing, photo(pale_red=RED))
    page = one_thing.get(f"/try/{handle}", params={"strictness": strictness}, headers=PART).text
    assert f'class="match {kind}"' in page


def test_the_slider_shows_each_strictness(one_thing):
    handle = send(one_thing, photo(pale_red=RED))
    page = one_thing.get(f"/strictness/{handle}", headers=PART).text
    steps = re.findall(r'<p data-step="(\d)".*?</p>', page, re.DOTALL)
    kinds = re.findall(r'class="tag (\w+)"', page)
    assert steps == ["0", "1", "2", "3", "4", "5"]
    assert kinds == ["possible", "possible", "named", "named"]  # and silence before
    assert page.count('data-step="3">') == 2  # what is shown first


def test_what_is_kept_for_review_is_decided_on(one_thing):
    handle = send(one_thing, photo(pale_red=RED, red=(100, 20, 150, 70)))
    kept = one_thing.post(f"/try/{handle}/review", data={"label": "park.jpg"}, headers=PART)
    assert "1 match waits for review." in kept.text
    assert "1 match</a> in photos waits for your word." in one_thing.get("/").text
    (item,) = kit_of(one_thing).review.list()
    page = one_thing.get("/review").text
    assert "found in park.jpg" in page
    assert one_thing.get(f"/review/{item.review_id}/picture").headers["content-type"] == (
        "image/jpeg"
    )
    decided = one_thing.post(f"/review/{item.review_id}", data={"verdict": "yes"}, headers=PART)
    assert "Learnt: it is Biscuit." in decided.text
    assert (kit_of(one_thing).review.list(), kit_of(one_thing).get(ONE).n_views) == ([], 2)


@pytest.mark.parametrize(
    ("verdict", "views", "negatives"), [("no", 1, 1), ("drop", 1, 0), (f"is:{ONE}", 2, 0)]
)
def test_other_decisions(one_thing, verdict, views, negatives):
    handle = send(one_thing, photo(pale_red=RED))
    one_thing.post(f"/try/{handle}/review")
    (item,) = kit_of(one_thing).review.list()
    assert one_thing.post(f"/review/{item.review_id}", data={"verdict": verdict}).is_success
    obj = kit_of(one_thing).get(ONE)
    assert (obj.n_views, obj.n_negatives) == (views, negatives)
    again = one_thing.post(f"/review/{item.review_id}", data={"verdict": verdict})
    assert again.status_code == 404


def test_without_crops_there_is_a_sign_in_place_of_each_picture(tmp_path):
    with TestClient(make_app(tmp_path, keep_crops=False), base_url=LOCAL) as console:
        introduce(console, "Biscuit", photo(red=RED), ONE)
        portrait = console.get(f"/things/{ONE}/portrait", follow_redirects=False)
        assert portrait.headers["location"] == "/static/placeholder.svg"
        handle = send(console, photo(pale_red=RED))
        console.post(f"/try/{handle}/review")
        assert [item.picture for item in kit_of(console).review.list()] == [None]
        assert "No picture is kept of it" in console.get("/review").text


def test_photos_that_were_sent_can_be_let_go_of(one_thing):
    handle = send(one_thing, photo(red=RED))
    assert one_thing.get(f"/pictures/{handle}").is_success
    one_thing.post("/pictures/forget")
    assert one_thing.get(f"/pictures/{handle}").status_code == 404
    assert one_thing.app.state.service.latest("default") == []
    assert [obj.name for obj in kit_of(one_thing).objects()] == ["Biscuit"]


def test_pictures_are_private_and_asked_for_again(one_thing):
    handle = send(one_thing, photo(red=RED))
    (view,) = kit_of(one_thing).views(ONE)
    portrait, crop = f"/things/{ONE}/portrait", f"/things/{ONE}/views/{view.view_id}"
    for path in (f"/pictures/{handle}", portrait, crop):
        first = one_thing.get(path)
        assert first.headers["content-type"] == "image/jpeg"
        assert first.headers["cache-control"] == "private, no-cache"
        again = one_thing.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    one_thing.post(f"/things/{ONE}/forget")
    gone = one_thing.get(portrait, headers={"If-None-Match": f'"{view.view_id}"'})
    assert gone.status_code == 404


def test_a_page_may_ask_for_more_pictures_than_a_user_may_at_a_time(one_thing):
    from concurrent.futures import ThreadPoolExecutor

    handles = [send(one_thing, photo(red=(20, 20, 80 + n, 80))) for n in range(16)]
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda each: one_thing.get(f"/pictures/{each}"), handles))
    assert [each.status_code for each in answers] == [200] * 16


def test_what_is_named_is_seen_and_what_is_forgotten_is_not_noted_any_more(one_thing):
    introduce(one_thing, "Ruby", photo(blue=BLUE), TWO)
    service = one_thing.app.state.service
    seen = service.settings.folder / "seen"
    assert "seen " not in one_thing.get("/").text
    one_thing.get(f"/try/{send(one_thing, photo(pale_red=RED))}", headers=PART)  # only possible
    assert service.seen.times("default", {ONE, TWO}) == {}
    before = datetime.now(UTC)
    one_thing.get(f"/try/{send(one_thing, photo(red=RED))}", headers=PART)
    (at,) = service.seen.times("default", {ONE, TWO}).values()
    assert before <= at <= datetime.now(UTC)
    told = f"seen {at.day} {at:%b %Y}"
    assert (one_thing.get("/").text.count(told), told in one_thing.get(f"/things/{ONE}").text) == (
        1,
        True,
    )
    introduce(one_thing, "Reddy", photo(red=RED), "3" * 32)
    two = one_thing.get(f"/try/{send(one_thing, photo(red=(20, 20, 81, 80)))}", headers=PART)
    assert "it may be one of several" in two.text
    assert service.seen.times("default", {ONE, "3" * 32}) == {ONE: at}
    one_thing.post(f"/things/{ONE}/forget", headers=PART)
    assert ONE not in "".join(each.read_text("utf-8") for each in seen.iterdir())
    service.forget_user("default")
    assert [each.name for each in seen.iterdir()] == [".lock"]
