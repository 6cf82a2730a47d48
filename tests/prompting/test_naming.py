"""Names in free text: in any spelling, beside particles, with "and", "or" and "not"."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pekit_agents.errors import InvalidInput
from pekit_agents.prompting.naming import named_objects, read_names, words_beside_names
from pekit_agents.types import PersonalObject


def thing(name: str, context: str = "", category: str = "thing") -> PersonalObject:
    return PersonalObject(name, name, category, context, 1, datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("names", "question", "expected"),
    [
        ([], "What does Biscuit eat?", []),
        (["Biscuit"], "", []),
        (["Biscuit"], "What does Biscuit eat?", ["Biscuit"]),
        (["Biscuit"], "BISCUIT?", ["Biscuit"]),
        (["Biscuit"], "Is this Biscuit's bowl?", ["Biscuit"]),
        (["Biscuit"], "I like biscuits.", []),
        (["Art"], "When did we start?", []),
        (["Art"], "Start, Art!", ["Art"]),
        (["R2"], "Is R2D2 here? And R2?", ["R2"]),
        (["R2"], "Is R2D2 here?", []),
        (["Cup", "Ann"], "Is Ann's cup clean?", ["Cup", "Ann"]),
        (["Biscuit", "Biscuit Junior"], "Where is Biscuit  junior?", ["Biscuit Junior"]),
        (
            ["Biscuit", "Biscuit Junior"],
            "Biscuit and Biscuit Junior",
            ["Biscuit", "Biscuit Junior"],
        ),
        (["My mug"], "Where is the mug from?", ["My mug"]),
        (["The Beast"], "How fast is my beast?", ["The Beast"]),
        (["My"], "Is my dog here?", []),
        (["My"], "Is My here?", ["My"]),
        (["Ann\u2019s mug"], "Who gave me Ann's mug?", ["Ann\u2019s mug"]),
        (["Amélie"], "Wo ist Ame\u0301lie?", ["Amélie"]),
        (["Amelie"], "Wo ist Amélie?", ["Amelie"]),
        (["\uff21\uff4e\uff4e"], "Who is ann?", ["\uff21\uff4e\uff4e"]),
        (["STRASSE"], "Straße?", ["STRASSE"]),
        (["राम"], "रामा कौन है?", []),
        (["राम"], "राम कौन है?", ["राम"]),
        (["ビスケット"], "ビスケットは何を食べる?", ["ビスケット"]),
        (["Bob"], "Bobは何を食べる?", ["Bob"]),
        (["비스킷"], "비스킷은 뭘 먹어?", ["비스킷"]),
        (["🐶"], "Where is 🐶?", ["🐶"]),
        (["C++ mug"], "Is the C++ mug clean?", ["C++ mug"]),
        (["a.c"], "abc", []),
    ],
)
def test_an_object_is_named_when_its_whole_name_is_there(names, question, expected):
    found = named_objects([thing(name) for name in names], question)
    assert [obj.name for obj in found] == expected


def test_two_objects_of_one_name_are_both_meant():
    both = [thing("Biscuit", "one"), thing("biscuit", "two")]
    assert named_objects(both, "biscuit?") == both


@pytest.mark.parametrize(
    ("names", "question", "expected"),
    [
        # accents, case, punctuation, emoji, width, what is invisible
        (["Zoë"], "What does Zoe like?", ["Zoë"]),
        (["Zoe"], "ZOE\u0308?", ["Zoe"]),
        (["Łódź"], "lodz", ["Łódź"]),
        (["Mr. Whiskers"], "is Mr Whiskers in?", ["Mr. Whiskers"]),
        (["Mr Whiskers"], "is mr.whiskers in?", ["Mr Whiskers"]),
        (["C.J."], "Where is CJ?", ["C.J."]),
        (["Coco 🐶"], "Where is Coco?", ["Coco 🐶"]),
        (["Coco"], "Where is Coco🐶?", ["Coco"]),
        (["Ruby"], "\uff32\uff55\uff42\uff59", ["Ruby"]),
        (["Ruby"], "Ru\u200bby", ["Ruby"]),
        (["İrem"], "irem nerede?", ["İrem"]),
        # apostrophes and hyphens
        (["O'Malley"], "O\u2019Malley and OMalley", ["O'Malley"]),
        (["Mary-Kate"], "Mary Kate, Mary\u2011Kate", ["Mary-Kate"]),
        (["Spider-Man"], "Spiderman?", ["Spider-Man"]),
        (["Spiderman"], "Spider-Man?", ["Spiderman"]),
        (["Tom & Jerry"], "Tom and Jerry", ["Tom & Jerry"]),
        # endings and beginnings
        (["Biscuit", "Biscuits"], "Biscuit\u2019s bowl", ["Biscuit"]),
        (["Biscuits"], "Biscuits' bowl", ["Biscuits"]),
        (["Biscuit"], "Biscuits' bowl", ["Biscuit"]),
        (["James"], "James' bowl", ["James"]),
        (["Pamuk"], "Pamuk'un mamas\u0131", ["Pamuk"]),
        (["Étoile"], "où est l'Étoile", ["Étoile"]),
        (["Don"], "I don't know", []),
        (["Don"], "Don's bowl", ["Don"]),
        (["코코"], "코코가 어디 있어?", ["코코"]),
        (["코코"], "초코코 주세요", []),
        (["별"], "별이 어디 있어?", ["별"]),
        (["별"], "별명이 뭐야?", []),
        (["ココ"], "ココは何を食べる?", ["ココ"]),
        (["ココ"], "ココアを飲む", []),
        (["可可"], "可可在哪里", ["可可"]),
        (["ข้าวปั้น"], "ข้าวปั้นอยู่ไหน", ["ข้าวปั้น"]),
        (["بسكويت"], "وبسكويت أين", ["بسكويت"]),
        (["بسكويت"], "\u0644\u0628\u0633\u0643\u0648\u064a\u062a", ["بسكويت"]),
        (["רובי"], "איפה רובי ולרובי", ["רובי"]),
        (["Ruby"], "Где Ruby? Ruby\u043e\u043c", ["Ruby"]),
        # common words
        (["Will"], "Tell me about Will", ["Will"]),
        (["Will"], "Who is Will?", ["Will"]),
        (["Will"], "photos of will", ["Will"]),
        (["Will"], "Will's bowl", ["Will"]),
        (["Will"], "will", ["Will"]),
        (["Will", "Rex"], "Will Rex bark?", ["Rex"]),
        (["Will", "Rex"], "will you show me rex", ["Rex"]),
        (["Will", "Rex"], "Will and Rex", ["Will", "Rex"]),
        (["Will"], "where is will", ["Will"]),
        (["June"], "what does june eat?", ["June"]),
        (["Will"], "what will it eat?", []),
        (["May", "Rex"], "May I see Rex?", ["Rex"]),
        (["May"], "photos from a day with may", ["May"]),
        (["May", "Rex"], "Rex in May", ["Rex"]),
        (["It"], "What is it?", []),
        (["It"], "Where did I put It?", ["It"]),
        (["The Who", "Will"], "Who is Will?", ["Will"]),
        (["The Who"], "play The Who", ["The Who"]),
        (["The Who"], "play the who", ["The Who"]),
        # the longest, and what is spelled so, first
        (["Coco", "Coco Chanel"], "Where is coco chanel?", ["Coco Chanel"]),
        (["Coco", "Coco Chanel"], "Coco-Chanel and Coco", ["Coco", "Coco Chanel"]),
        (["Zoë", "Zoe"], "Where is Zoë?", ["Zoë"]),
        (["Zoë", "Zoe"], "Where is zoe?", ["Zoe"]),
        (["Zoë", "Zoé"], "Where is Zoe?", ["Zoë", "Zoé"]),
        (["Coco 🐶", "Coco 🐱"], "Where is coco 🐱?", ["Coco 🐱"]),
        (["S9", "S9+"], "the S9+", ["S9+"]),
        (["S9", "S9+"], "the S9", ["S9"]),
        # nothing but emoji or punctuation
        (["🐶", "Coco 🐶"], "Coco 🐶", ["Coco 🐶"]),
        (["🐶", "Coco"], "Coco and 🐶", ["🐶", "Coco"]),
        (["❤️"], "I ❤ you", ["❤️"]),
        (["!!!"], "play !!! again", ["!!!"]),
        (["!!!"], "Great!!!", []),
    ],
)
def test_a_name_is_found_as_people_write_it(names, question, expected):
    found = named_objects([thing(name) for name in names], question)
    assert [obj.name for obj in found] == expected


OWNED = [
    *map(thing, ["Zoë", "Ruby", "Mr. Whiskers", "Coco 🐶", "코코", "ココ", "可可"]),
    thing("Biscuit", category="dog"),
]


def read(question: str) -> tuple[list[str], bool, tuple[str, ...], bool]:
    names = read_names(OWNED, question)
    told = ["-" * part.excluded + part.objects[0].name for part in names.parts]
    return told, names.either, names.unknown, bool(names.unclear)


@pytest.mark.parametrize(
    ("question", "parts", "either"),
    [
        ("photos with Zoe and Ruby", ["Zoë", "Ruby"], False),
        ("Ruby, Zoe and coco", ["Ruby", "Zoë", "Coco 🐶"], False),
        ("Ruby & Zoe", ["Ruby", "Zoë"], False),
        ("Ruby+Zoe/Coco", ["Ruby", "Zoë", "Coco 🐶"], False),
        ("photos of Ruby where Zoë sits", ["Ruby", "Zoë"], False),
        ("Ruby or Zoë", ["Ruby", "Zoë"], True),
        ("Ruby, Zoe, or Coco", ["Ruby", "Zoë", "Coco 🐶"], True),
        ("Fotos mit Ruby oder Zoë", ["Ruby", "Zoë"], True),
        ("Ruby o Zoë", ["Ruby", "Zoë"], True),
        ("photos with Ruby but not Zoë", ["Ruby", "-Zoë"], False),
        ("Ruby without Zoë and Coco", ["Ruby", "-Zoë", "-Coco 🐶"], False),
        ("without Zoë but with Ruby", ["-Zoë", "Ruby"], False),
        ("not with Zoë, with Ruby", ["-Zoë", "Ruby"], False),
        ("Ruby, never with Zoë", ["Ruby", "-Zoë"], False),
        ("photos that don't show Zoë but Ruby", ["-Zoë", "Ruby"], False),
        ("neither Zoë nor Ruby", ["-Zoë", "-Ruby"], False),
        ("not only Ruby but also Zoë", ["Ruby", "Zoë"], False),
        ("Ruby ohne Zoë", ["Ruby", "-Zoë"], False),
        ("Ruby -Zoë", ["Ruby", "-Zoë"], False),
        ("Ruby AND NOT Zoë", ["Ruby", "-Zoë"], False),
        ("Ruby | Zoë", ["Ruby", "Zoë"], True),
        ("Ruby barks and Zoë jumps", ["Ruby", "Zoë"], False),
        ("Biscuit\u2019s bowl and Ruby", ["Biscuit", "Ruby"], False),
        ("walking and Ruby", ["Ruby"], False),
        ("I don't know. Show Ruby.", ["Ruby"], False),
        ("Ruby and the dog", ["Ruby", "Biscuit"], False),
        ("Ruby and my dogs", ["Ruby", "Biscuit"], False),
        ("Ruby without the dog", ["Ruby", "-Biscuit"], False),
        ("코코와 Ruby", ["코코", "Ruby"], False),
        ("ココと可可", ["ココ", "可可"], False),
        ("Zoe in Paris, last Monday", ["Zoë"], False),
        ("Ruby sleeping and eating", ["Ruby"], False),
        ("Ruby, sleeping on a chair", ["Ruby"], False),
        ("Photos With Ruby And Zoe", ["Ruby", "Zoë"], False),
        ("PHOTOS OF RUBY PLEASE", ["Ruby"], False),
        ("Zeig mir Fotos von Ruby im Garten", ["Ruby"], False),
        ("photos of Ruby and show the newest first", ["Ruby"], False),
        ("hello, Ruby", ["Ruby"], False),
        ("the ceramic thing", [], False),
        ("", [], False),
    ],
)
def test_and_or_and_not_between_names_are_read(question, parts, either):
    assert read(question) == (parts, either, (), False)


@pytest.mark.parametrize(
    ("question", "unknown"),
    [
        ("photos with Zoe and Rubi", ("Rubi",)),
        ("photos with zoe and rubi", ("rubi",)),
        ("Rubi and Zoe", ("Rubi",)),
        ("rubi, zoe and coco", ("rubi",)),
        ("Zoe with Rubi", ("Rubi",)),
        ("Zoe next to Rubi", ("Rubi",)),
        ("Does Zoe like Rubi?", ("Rubi",)),
        ("Zoe or Rubi", ("Rubi",)),
        ("Zoe but not Rubi", ("Rubi",)),
        ("Zoe and Rubi Smith", ("Rubi Smith",)),
        ("Zoe and Rubi and Max", ("Rubi", "Max")),
        ('Zoe, "the old lamp"', ("the old lamp",)),
        ("Zoe's and Rubi's bowls", ("Rubi",)),
        ("Zoe with Anna", ("Anna",)),
        ("Anna and Zoe", ("Anna",)),
        ("photos of Zoe, Anna and Ruby", ("Anna",)),
        ("Zoe but not Anna", ("Anna",)),
        ("Zoe -Anna", ("Anna",)),
        ("Fotos von Zoe und Anna in Berlin", ("Anna",)),
        ("Zoe and Biscuti playing", ("Biscuti",)),
        ("Biskuit sleeps next to Zoe", ("Biskuit",)),
        ("Ruby and the dog Rex", ("Rex",)),
        ("my dog Rex", ("Rex",)),
        ("the dog Rex at the beach", ("Rex",)),
        ("Rex the dog", ("Rex",)),
        ("Is Rex my dog?", ("Rex",)),
        ("the dog and the unicorn", ("unicorn",)),
        ("the unicorn and the dog", ("unicorn",)),
        ("Who is Rex?", ("Rex",)),
        ("Tell me about Rex Smith", ("Rex Smith",)),
        ("What's Rex?", ("Rex",)),
        ("Wer ist Rex?", ("Rex",)),
        ("¿Quién es Rex?", ("Rex",)),
        ("Qui est Rex ?", ("Rex",)),
        ("ココとルビーの写真", ("ルビー",)),
        ("ココとルビーが遊ぶ", ("ルビー",)),
        ("ルビーとココ", ("ルビー",)),
        ("루비와 코코", ("루비",)),
        ("코코랑 루비 사진", ("루비",)),
        ("可可和小明的照片", ("小明",)),
    ],
)
def test_what_stands_like_a_name_and_is_none_is_said(question, unknown):
    assert read(question)[2] == unknown


@pytest.mark.parametrize(
    "question",
    [
        "Ruby and Zoë or Coco",
        "Ruby or not Zoë",
        "Ruby where Zoë is not",
        "Ruby where Biscuit is missing",
        "photos where Biscuit is not there and Ruby is",
        "Biscuit without a leash and Ruby",
        "Ruby without any pictures containing Zoë",
        "photos Zoë isn't in",
        "ココなしの可可",
        "没有Ruby的照片",
    ],
)
def test_what_may_be_read_in_two_ways_is_said_to_be_unclear(question):
    assert read(question)[3]


def test_names_that_are_alike_are_one_part():
    names = read_names([thing("Zoë"), thing("Zoé"), thing("Ruby")], "Zoe and Ruby")
    assert [[obj.name for obj in part.objects] for part in names.parts] == [
        ["Zoë", "Zoé"],
        ["Ruby"],
    ]


def test_the_words_beside_names_are_those_that_say_something():
    assert words_beside_names([thing("Will")], "Tell me about Will and the red mug") == "red mug"
    assert words_beside_names([thing("Will")], "Who is Will?") == ""


@pytest.mark.parametrize("look", [named_objects, read_names, words_beside_names])
@pytest.mark.parametrize("text", ["e\u0301\u0327" * 700_000, None, b"Zoe"])
def test_what_is_no_text_or_too_long_is_refused_unread(look, text):
    with pytest.raises(InvalidInput, match="question: expected"):
        look([thing("Zoë")], text)


def test_the_work_grows_with_the_text_and_no_faster(monkeypatch):
    """Counted, not timed: how often a character is looked at."""
    from pekit_agents.prompting import name_search

    def looks(text: str) -> int:
        count = 0
        original = name_search.unicodedata.category

        def counting(char: str) -> str:
            nonlocal count
            count += 1
            return original(char)

        monkeypatch.setattr(name_search.unicodedata, "category", counting)
        read_names([*OWNED, thing("a" * 80), thing("a")], text)
        monkeypatch.undo()
        return count

    for pattern in ("ruby ", "a ", "a", "可と", "and ", "Foo, Ruby ", "'", "!!!", "x\u0301"):
        short, long = (looks((pattern * 5000)[:size]) for size in (1000, 4000))
        assert long <= 5 * short + 1000, pattern
