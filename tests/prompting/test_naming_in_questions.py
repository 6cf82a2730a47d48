"""Ordinary questions: which words beside names are no names, and what is wanted and what not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pekit_agents.prompting.naming import named_objects, read_names
from pekit_agents.types import PersonalObject


def thing(name: str, category: str = "thing") -> PersonalObject:
    return PersonalObject(name, name, category, "", 1, datetime(2026, 1, 1, tzinfo=UTC))


PETS = [
    *(thing("Ruby", category="motorcycle"), thing("Biscuit", category="dog")),
    *(thing("Zoë", category="cat"), thing("Will", category="person"), thing("하나")),
    thing("Golden", category="dog"),
]


@pytest.mark.parametrize(
    "question",
    [
        # places, times, things and people that nothing joins to a name
        "Ruby at the Eiffel Tower",
        "Ruby near Eiffel Tower",
        "Ruby in the Alps",
        "Ruby in the USA",
        "Ruby in New York",
        "Ruby in San Francisco",
        "Ruby at Big Ben",
        "Ruby on New Year's Eve",
        "Ruby near Munich",
        "Ruby by Lake Garda",
        "Ruby outside Berlin",
        "Ruby around Rome",
        "Ruby to Rome",
        "Ruby via Rome",
        "Ruby in London and Paris",
        "Ruby in Cannes and Nice",
        "Ruby Paris",
        "Ruby Paris 2019",
        "Ruby (Paris)",
        "Ruby - Paris",
        "Paris with Ruby",
        "Mother's Day with Ruby",
        "Ruby for Christmas",
        "Ruby during Halloween and Christmas",
        "Halloween and Ruby",
        "It's Ruby's first Christmas",
        "Ruby's 3rd Birthday",
        "photos of Ruby in Paris last summer",
        "Ruby on her 10th Birthday in March",
        "Ruby wearing a Santa hat",
        "Ruby eating McDonald's",
        "Ruby on TV",
        "Ruby at IKEA",
        "Ruby next to a Ferrari",
        "Ruby with an Apple",
        "Ruby with her New Wheels",
        "Ruby taken by Dad",
        "Photos Dad took of Ruby",
        "Dad's photos of Ruby",
        "photos of Ruby at Grandma's house",
        "Ruby shot with my iPhone",
        "RAW photos of Ruby",
        "Show Ruby from Google Photos",
        "Hi, I'm Tom. Show me Ruby.",
        "Dear PeKit, show Ruby",
        "Hey Siri show Ruby",
        "Ruby, OK?",
        # what is joined, and not written like a name
        "Ruby and her friends",
        "Ruby and the kids",
        "Ruby and the others",
        "Ruby and my wife",
        "Ruby and my Mom",
        "Ruby and a ball",
        "Ruby and family",
        "Ruby and more",
        "Ruby and lots of snow",
        "Ruby and the Eiffel Tower",
        "Ruby and me",
        "me and Ruby",
        "Ruby and I at the beach",
        "Ruby with grandma",
        "Ruby without her helmet",
        "Ruby without leash",
        "Ruby not sleeping",
        "Ruby, not blurred",
        "Ruby playing rugby",
        "Ruby old and new",
        "Ruby before and after the repair",
        "Ruby in black and white",
        "Ruby and the motorcycle",
        "my motorcycle Ruby",
        "find Ruby and upload it",
        "Find photos of Ruby, and zip them",
        "Find Ruby and make a collage",
        "find Ruby and tell me where she is",
        # other languages
        "Ruby à Paris",
        "photos de Ruby à la plage",
        "Ruby aux États-Unis",
        "Ruby et moi",
        "moi et Ruby",
        "Ruby et ses amis",
        "Ruby y yo",
        "Ruby y sus amigos",
        "Ruby con mi madre",
        "Ruby en España",
        "Ruby e io",
        "Ruby und ich",
        "Ruby und mich am See",
        "Ruby und ihre Freunde",
        "Ruby und die Kinder",
        "Ruby mit Freunden",
        "Ruby auf dem Balkon",
        "Ruby in den Alpen",
        "Ruby bei Oma",
        "Rubys Geburtstag",
        "Ruby en haar vrienden",
        "фото Ruby в Париже",
        # "with" of scripts that write it together
        "Rubyとの写真",
        "Rubyと一緒に",
        "Rubyと公園で遊ぶ",
        "Rubyと旅行した時の写真",
        "Rubyと友達の写真",
        "私とRuby",
        "友達とRuby",
        "Ruby와 함께",
        "Ruby와 함께 찍은 사진",
        "Ruby와 산책하는 사진",
        "Ruby랑 친구들",
        "Ruby和我",
        "Ruby和朋友们",
        "我和Ruby在巴黎",
        "我们和Ruby",
        "和Ruby一起",
        # questions that say "not" and want no less
        "Don't you have any photos of Ruby?",
        "Can't you find Ruby?",
        "Isn't that Ruby?",
        "Isn't Ruby cute?",
        "Why don't I have photos of Ruby?",
        "Why isn't there a photo of Ruby?",
        "I don't remember Ruby, show her",
        "I can't find Ruby",
        "No, Ruby",
        "No, I meant Ruby",
    ],
)
def test_words_beside_a_name_that_are_no_names_are_passed_over(question):
    names = read_names(PETS, question)
    assert [(part.objects, part.excluded) for part in names.parts] == [((PETS[0],), False)]
    assert (names.either, names.unknown, names.alone, names.unclear) == (False, (), False, "")


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("anything but Ruby", ["-Ruby"]),
        ("all but Ruby", ["-Ruby"]),
        ("all photos of Ruby and none of Biscuit", ["Ruby", "-Biscuit"]),
        ("ruby, none with zoe", ["Ruby", "-Zo\u00eb"]),
        ("everyone but Ruby", ["-Ruby"]),
        ("Zoe and everything but Ruby", ["Zoë", "-Ruby"]),
        ("Don't show Ruby", ["-Ruby"]),
        ("weder Ruby noch Biscuit", ["-Ruby", "-Biscuit"]),
        ("ni Ruby ni Biscuit", ["-Ruby", "-Biscuit"]),
        ("Ruby zonder Biscuit", ["Ruby", "-Biscuit"]),
        ("Ruby utan Biscuit", ["Ruby", "-Biscuit"]),
        ("Ruby bez Biscuit", ["Ruby", "-Biscuit"]),
        ("Ruby w/o Biscuit", ["Ruby", "-Biscuit"]),
        ("Ruby instead of Biscuit", ["Ruby", "-Biscuit"]),
        ("Ruby rather than Biscuit", ["Ruby", "-Biscuit"]),
        ("Ruby apart from Biscuit", ["Ruby", "-Biscuit"]),
        ("Ruby-Biscuit", ["Ruby", "Biscuit"]),
        ("Ruby\u2013Biscuit trip", ["Ruby", "Biscuit"]),
        ("-Ruby Biscuit", ["-Ruby", "Biscuit"]),
        ("Ruby -dog", ["Ruby", "-Biscuit|Golden"]),
        ("Ruby -dog Zoe", ["Ruby", "-Biscuit|Golden", "Zoë"]),
        ("Ruby, no dogs", ["Ruby", "-Biscuit|Golden"]),
        ("dogs without Zoe", ["Biscuit|Golden", "-Zoë"]),
        ("the dog on the beach without Zoe", ["Biscuit|Golden", "-Zoë"]),
        ("my dog and my cat", ["Biscuit|Golden", "Zoë"]),
        ("dogs, cats and Ruby", ["Biscuit|Golden", "Zoë", "Ruby"]),
        ("Ruby with the dog", ["Ruby", "Biscuit|Golden"]),
        ("Ruby and the brown dog", ["Ruby", "Biscuit|Golden"]),
        ("Ruby and all the dogs", ["Ruby", "Biscuit|Golden"]),
        ("every dog but Biscuit", ["Biscuit|Golden", "-Biscuit"]),
        ("dogs except Golden", ["Biscuit|Golden", "-Golden"]),
        ("my cat Zoe and my dog Biscuit", ["Zoë", "Biscuit"]),
        ("Ruby without my dog Biscuit", ["Ruby", "-Biscuit"]),
        ("Biscuit-free photos of Ruby", ["-Biscuit", "Ruby"]),
        ("dog-free photos of Ruby", ["-Biscuit|Golden", "Ruby"]),
        ("the dog next to Ruby", ["Ruby"]),
        ("Which is older, Ruby or Biscuit?", ["Ruby", "Biscuit"]),
        ("Biscuit in Paris and Ruby in Rome", ["Biscuit", "Ruby"]),
        ("하나와 파리에서", ["하나"]),
        ("Zo\u00ebs Geburtstag", ["Zoë"]),
        ("Photos of my dog in Paris", []),
    ],
)
def test_what_is_wanted_and_what_is_not(question, parts):
    names = read_names(PETS, question)
    told = ["|".join(obj.name for obj in part.objects) for part in names.parts]
    signs = ["-" * part.excluded for part in names.parts]
    assert [sign + name for sign, name in zip(signs, told, strict=True)] == parts
    assert (names.unknown, names.unclear) == ((), "")


@pytest.mark.parametrize(
    ("question", "alone"),
    [
        ("only Ruby", True),
        ("just Ruby, please", True),
        ("Ruby alone", True),
        ("Ruby only", True),
        ("Ruby and nothing else", True),
        ("nobody but Ruby", True),
        ("Ruby on her own", True),
        ("Ruby without anyone else", True),
        ("not only Ruby", False),
        ("just show me Ruby", False),
        ("Ruby only eats fish", False),
    ],
)
def test_only_asks_for_nothing_else(question, alone):
    names = read_names(PETS, question)
    assert [part.objects[0].name for part in names.wanted] == ["Ruby"]
    assert (names.alone, names.unknown, names.unclear) == (alone, (), "")


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("Ruby last summer", ["Ruby"]),
        ("ruby last summer", ["Ruby"]),
        ("Ruby in the summer", ["Ruby"]),
        ("ruby at dawn", ["Ruby"]),
        ("Ruby at dawn", ["Ruby"]),
        ("Christmas Eve with Ruby", ["Ruby"]),
        ("Ruby on New Year's Eve", ["Ruby"]),
        ("lucky shot of Ruby", ["Ruby"]),
        ("Ruby in the Summer", ["Ruby", "Summer"]),
        ("Ruby and Summer", ["Ruby", "Summer"]),
        ("what does summer eat?", ["Summer"]),
        ("Summer in summer", ["Summer"]),
        ("Is Dawn with Eve?", ["Dawn", "Eve"]),
        ("lucky", ["Lucky"]),
    ],
)
def test_a_name_that_is_a_word_for_a_time_is_told_from_it(question, names):
    owned = [thing(name) for name in ("Ruby", "Summer", "Dawn", "Eve", "Lucky")]
    assert [obj.name for obj in named_objects(owned, question)] == names
    read = read_names(owned, question)
    assert sorted(part.objects[0].name for part in read.parts) == sorted(names)
    assert read.unknown == ()
