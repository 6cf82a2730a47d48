"""The words between names: ``OR``, ``NOT`` and ``AND`` connect them, ``COMMON`` are no names."""

from __future__ import annotations

__all__ = [
    "AND",
    "ARTICLES",
    "BEFORE_NAMES",
    "BEFORE_PLACES",
    "BEFORE_TIMES",
    "COMMON",
    "NOT",
    "OR",
    "PRONOUNS",
    "SHOWING",
    "SMALL_NOUNS",
    "VERBS",
]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


AND = _words("and und et y e ve och og и plus")
OR = _words("or oder ou или veya eller")
NOT = _words(
    "not without except excluding no nor neither never minus cannot dont doesnt isnt arent wasnt "
    "nicht ohne kein keine keinen sans pas sauf sin senza tranne sem nao без не кроме"
)
#: After these, what follows is to be shown again: "without Zoë but with Ruby".
SHOWING = _words("but with showing mit aber avec mais con pero ma com")
ARTICLES = _words(
    "a an the my our your his her their its this that these those both either also "
    "mein meine unser der die das den dem el la le les il lo mon mes mi"
)
#: Words that take a name, so that a name after them may be an ordinary word: "about will".
BEFORE_NAMES = (
    _words("of with about for not without like than von mit ohne de avec named") | AND | OR
)
#: A verb after which another verb cannot stand, but a name: "where is will".
VERBS = _words("is are was were does did do has have had")
#: Words that take a place or a time.
BEFORE_PLACES = _words(
    "in at on from during since before after until into through last every early late "
    "im am um nach seit en à au"
)
#: After these a month or a day is none but that: "in May".
BEFORE_TIMES = _words("in since during until last every early late")
#: Words that stand for something else, also after the words that take a name.
PRONOUNS = _words(
    "i me my mine myself you your yours he him his she her hers it its we us our ours they them "
    "their theirs who whom whose what which that this these those there here where when why how "
    "all any some one none no not never and or but if as so the a an of with without for about "
    "from to in on at by"
)
#: They tell a language that begins all nouns with a capital letter.
SMALL_NOUNS = _words("mit und oder von der die das ist im zeige zeig ohne nicht wo wie")
COMMON = frozenset().union(
    *(PRONOUNS, AND, OR, NOT, SHOWING, ARTICLES, BEFORE_NAMES, BEFORE_PLACES, SMALL_NOUNS),
    _words(
        "is are was were be been being am do does did done has have had having can could will "
        "would shall should may might must let lets go goes got get give gives show shows shown "
        "find finds found see sees seen look looks say says tell tells know knows think want wants "
        "like likes love loves eat eats live lives need needs make makes take takes come comes "
        "play plays sit sits sleep sleeps stand lie lies use used open sort list search name "
        "named called remember describe explain compare count return please thanks thank hello "
        "hi hey yes okay ok then than too very more most less only just still again now today "
        "yesterday tomorrow together alone beside behind under over between next near by to around "
        "out off up down "
        "photo photos picture pictures image images pic pics snapshot snapshots selfie selfies "
        "album albums shot shots video videos everything anything something nothing people thing "
        "things anyone someone else send save print share delete create write draw edit choose "
        "pick put help check order filter rank old new newest oldest latest first second many "
        "much few ones foto fotos bild bilder photographie photographies imagen imagenes immagini "
        "monday tuesday wednesday thursday friday saturday sunday january february march april "
        "june july august september october november december"
    ),
)
