"""What a question says beside names is never dropped: it has to be a name, or it is said."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pekit_agents.prompting.known_words import not_told
from pekit_agents.prompting.name_pieces import Piece
from pekit_agents.prompting.naming import read_names
from pekit_agents.types import PersonalObject


def thing(name: str, category: str = "thing", context: str = "") -> PersonalObject:
    return PersonalObject(name, name, category, context, 1, datetime(2026, 1, 1, tzinfo=UTC))


OWNED = [
    *(thing("Ruby", "motorcycle"), thing("Biscuit", "dog"), thing("Zoë", "cat"), thing("ココ")),
    *(thing("my red mug", "mug"), thing("Tom & Jerry", "poster")),
]


@pytest.mark.parametrize(
    ("question", "names", "unknown", "passed_over"),
    [
        # "and" and "or" join a bare word to a name, and capitals tell nothing
        ("photos of ruby and anna", ["Ruby"], ["anna"], []),
        ("Photos of anna and ruby", ["Ruby"], ["anna"], []),
        ("zoe, anna and ruby", ["Zoë", "Ruby"], ["anna"], []),
        ("ruby & anna in berlin", ["Ruby"], ["anna"], ["berlin"]),
        ("ruby or anna", ["Ruby"], ["anna"], []),
        ("RUBY AND ANNA", ["Ruby"], ["ANNA"], []),
        ("Ruby And Anna", ["Ruby"], ["Anna"], []),
        ("ruby et anna à la plage", ["Ruby"], ["anna"], ["plage"]),
        ("ruby y anna en la playa", ["Ruby"], ["anna"], ["playa"]),
        ("ruby und anna am see", ["Ruby"], ["anna"], []),
        # and where it is no name there
        ("ruby and friends", ["Ruby"], [], ["friends"]),
        ("ruby and her friends at the beach", ["Ruby"], [], ["friends", "beach"]),
        ("Ruby and her friends at the beach", ["Ruby"], [], ["friends", "beach"]),
        ("Ruby and Mom", ["Ruby"], [], ["Mom"]),
        ("Ruby und Oma", ["Ruby"], [], ["Oma"]),
        ("ruby and lots of snow", ["Ruby"], [], ["snow"]),
        ("find ruby and crop it", ["Ruby"], [], ["crop"]),
        # "with" takes a person where it has a capital letter, otherwise also a thing
        ("Ruby playing with Anna", ["Ruby"], ["Anna"], ["playing"]),
        ("photos de Ruby jouant avec Anna", ["Ruby"], ["Anna"], ["jouant"]),
        ("ruby with anna", ["Ruby"], [], ["anna"]),
        ("ruby with sunglasses", ["Ruby"], [], ["sunglasses"]),
        ("Ruby sitting with the dog", ["Ruby", "Biscuit"], [], ["sitting"]),
        # places and names look the same after a place
        ("Ruby in Paris and Anna", ["Ruby"], [], ["Paris", "Anna"]),
        ("Ruby in London and Paris", ["Ruby"], [], ["London", "Paris"]),
        # every noun of German has a capital letter
        ("Ruby ohne Helm", ["Ruby"], [], ["Helm"]),
        ("Ruby mit Anna", ["Ruby"], [], ["Anna"]),
        ("Ruby ohne Biskuit", ["Ruby"], ["Biskuit"], []),
        # common words that are written like a name
        ("Ruby and Will", ["Ruby"], [], ["Will"]),
        ("Will and Ruby", ["Ruby"], [], ["Will"]),
        ("ruby and will", ["Ruby"], [], ["will"]),
        ("Ruby and I", ["Ruby"], [], []),
        # anywhere else
        ("Anna loves Ruby", ["Ruby"], [], ["Anna"]),
        ("Ruby's friend Anna", ["Ruby"], [], ["friend", "Anna"]),
        ("photos of Ruby and of Anna", ["Ruby"], ["Anna"], []),
        ("Ruby and photos of Anna", ["Ruby"], [], ["Anna"]),
        ("the dog next to Ruby", ["Ruby"], [], ["dog"]),
        ("my motorcycle Ruby", ["Ruby"], [], []),
        ("Ruby and the brown dog", ["Ruby", "Biscuit"], [], ["brown"]),
        ('Ruby and "the old lamp"', ["Ruby"], ["the old lamp"], []),
        ("Ruby wearing a red hat in 2019", ["Ruby"], [], ["wearing", "red hat", "2019"]),
        ("Ruby in the van", ["Ruby"], [], ["van"]),
        ("photos of anna", [], [], ["anna"]),
        # what asks for photos is no word of theirs
        ("Show me all the photos of Ruby, please", ["Ruby"], [], []),
        ("Zeig mir alle Bilder von Ruby", ["Ruby"], [], []),
        ("Muéstrame fotos de Ruby", ["Ruby"], [], []),
        ("Ruby の写真", ["Ruby"], [], []),
        ("Ruby 사진 보여줘", ["Ruby"], [], []),
        ("ココ ルビー", ["ココ"], [], ["ルビー"]),
        # cases written down before they were first run
        ("show me ruby & max please", ["Ruby"], ["max"], []),
        ("pics of max or ruby", ["Ruby"], ["max"], []),
        ("ruby, max and biscuit", ["Ruby", "Biscuit"], ["max"], []),
        ("RUBY WITHOUT MAX", ["Ruby"], [], ["MAX"]),
        ("Ruby hugging Max", ["Ruby"], [], ["hugging", "Max"]),
        ("Ruby next to Max and Zoe", ["Ruby", "Zoë"], [], ["Max"]),
        ("Max's birthday with Ruby", ["Ruby"], [], ["Max's birthday"]),
        ("Ruby in the garden with Max", ["Ruby"], ["Max"], ["garden"]),
        ("Ruby in the garden with max", ["Ruby"], [], ["garden", "max"]),
        ("Ruby und Max im Garten", ["Ruby"], ["Max"], ["Garten"]),
        ("ruby und max im garten", ["Ruby"], ["max"], ["garten"]),
        ("Ruby ohne Sattel", ["Ruby"], [], ["Sattel"]),
        ("Ruby et sa copine à Lyon", ["Ruby"], [], ["copine", "Lyon"]),
        ("ruby y luna", ["Ruby"], ["luna"], []),
        ("Ruby y Luna en la playa", ["Ruby"], ["Luna"], ["playa"]),
        ("foto's van Ruby en Luna", ["Ruby"], [], ["Luna"]),
        ("Ruby sans casque", ["Ruby"], [], ["casque"]),
        ("ruby and grandma at christmas", ["Ruby"], [], ["grandma"]),
        ("ruby and the kids", ["Ruby"], [], ["kids"]),
        ("find ruby and rotate them", ["Ruby"], [], ["rotate"]),
        ("Does Ruby know Max?", ["Ruby"], [], ["Max"]),
        ("the dog and max", ["Biscuit"], ["max"], []),
        ("my red mug and ruby and tea", ["my red mug", "Ruby"], ["tea"], []),
        ("Ruby, Max", ["Ruby"], ["Max"], []),
        ("Ruby and Biscuit chasing a ball", ["Ruby", "Biscuit"], [], ["chasing", "ball"]),
        ("Is Ruby faster than Max?", ["Ruby"], [], ["faster", "Max"]),
        ("ruby & co", ["Ruby"], ["co"], []),
        ("Tom and Jerry and Spike", ["Tom & Jerry"], ["Spike"], []),
        ("Ruby or June", ["Ruby"], [], ["June"]),
        ("Ruby, please, not the blurry ones", ["Ruby"], [], ["blurry"]),
        ("Ruby no sidecar", ["Ruby"], [], ["sidecar"]),
        ("Ruby at Anna and Tim's wedding", ["Ruby"], [], ["Anna", "Tim", "wedding"]),
        ("Zoe, Ruby and their kittens", ["Zoë", "Ruby"], [], ["kittens"]),
        ("Ruby con gli amici", ["Ruby"], [], ["gli amici"]),
        ("fotos do Ruby e da Luna", ["Ruby"], ["Luna"], []),
        ("biscuit and zoe and rex sleeping", ["Biscuit", "Zoë"], [], ["rex sleeping"]),
        ("Ruby plus Max", ["Ruby"], ["Max"], []),
        ("Ruby и Анны на пляже", ["Ruby"], ["Анны"], ["пляже"]),
        ("ruby и анна", ["Ruby"], ["анна"], []),
        ("Ruby og Anna p\u00e5 stranden", ["Ruby"], ["Anna"], ["stranden"]),
        ("صور Ruby و Anna", ["Ruby"], ["Anna"], []),
        ("Ruby と アンナ", ["Ruby"], [], ["と アンナ"]),
        ("ココと안나", ["ココ"], ["안나"], []),
        ("ココとAnnaの写真", ["ココ"], ["Anna"], []),
        ("AnnaとRubyの写真", ["Ruby"], ["Anna"], []),
        ("Ruby和Anna的照片", ["Ruby"], ["Anna"], []),
        ("RubyとZoeの写真", ["Ruby", "Zoë"], [], []),
        ("Ruby and 🐱", ["Ruby"], [], ["🐱"]),
        ("🐱 and Ruby", ["Ruby"], [], ["🐱"]),
        ("Ruby 🐶 and Zoe", ["Ruby", "Zoë"], [], []),
        ("Ruby as well as Anna", ["Ruby"], ["Anna"], []),
        ("Ruby sowie Anna", ["Ruby"], ["Anna"], []),
        ("Ruby, accompanied by her friends", ["Ruby"], [], ["friends"]),
        ("ruby und wir", ["Ruby"], [], []),
        ("ruby et nous à la montagne", ["Ruby"], [], ["montagne"]),
        ("biscuit y ruby juntos", ["Biscuit", "Ruby"], [], ["juntos"]),
        ("ruby e biscuit al mare", ["Ruby", "Biscuit"], [], ["mare"]),
        ("ruby on the road and in the garage", ["Ruby"], [], ["road", "garage"]),
        ("photos of ruby from 2019 and 2020", ["Ruby"], [], ["2019", "2020"]),
        ("show me ruby and then anna", ["Ruby"], [], ["anna"]),
        ("ruby and a girl called anna", ["Ruby"], [], ["girl", "anna"]),
        ("ruby and nobody else", ["Ruby"], [], []),
        ("Both Ruby and Max", ["Ruby"], ["Max"], []),
    ],
)
def test_every_word_is_a_name_or_is_said(question, names, unknown, passed_over):
    read = read_names(OWNED, question)
    assert [part.objects[0].name for part in read.parts] == names
    assert (list(read.unknown), list(read.passed_over), read.unclear) == (unknown, passed_over, "")
    assert {*read.doubtful} <= {*read.passed_over}


@pytest.mark.parametrize(
    ("phrase", "told"),
    [
        *(("scratched", True), ("scratches", True), ("mugs", True), ("red mug", True)),
        *(("Annabel", True), ("Anna", False), ("red lamp", False), ("猫", True), ("犬", False)),
    ],
)
def test_a_word_is_told_of_in_any_inflection(phrase, told):
    remembered = [thing("my red mug", "mug", "Scratched by Annabel. 猫の絵")]
    assert (not_told([phrase], remembered) == ()) is told
    assert not_told([phrase], []) == (phrase,)


def test_words_are_looked_at_no_more_often_in_a_longer_text(monkeypatch):
    """Counted, not timed: how often a word is compared with a list."""
    compare = Piece.is_one_of

    def looks(text: str) -> int:
        count = 0

        def counting(piece: Piece, words: frozenset[str]) -> bool:
            nonlocal count
            count += 1
            return compare(piece, words)

        monkeypatch.setattr(Piece, "is_one_of", counting)
        read_names(OWNED, text)
        return count

    patterns = ("a the ", "and \U0001f431 ", "foo a ", "Will and ", "ruby and max ", "Foo, the ")
    for pattern in patterns:
        short, long = (looks((pattern * 1000)[:size]) for size in (500, 2000))
        assert long <= 5 * short, pattern
