"""The words between names: ``OR``, ``NOT`` and ``AND`` connect them, ``COMMON`` are no names."""

from __future__ import annotations

import re

__all__ = [
    "ALONE",
    "AND",
    "ARTICLES",
    "ASKING",
    "BEFORE_NAMES",
    "BEFORE_PLACES",
    "BEFORE_TIMES",
    "COMMON",
    "COMPANY",
    "HOMONYMS",
    "IDIOMS",
    "INVERTED",
    "MINDING",
    "NOT",
    "NOUNS_AFTER",
    "OBJECTS",
    "OF",
    "ONLY",
    "OR",
    "ORDINARY",
    "PRONOUNS",
    "QUESTIONING",
    "SHOWING",
    "SUBJECTS",
    "TIMES",
    "UNSAID",
    "VERBS",
    "WITH",
]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


AND = _words("and und sowie et y e ve och og и و plus")
OR = _words("or oder ou или veya eller او או")
NOT = _words(
    "not without except excluding no nor neither never minus missing absent cannot dont doesnt "
    "isnt arent wasnt nicht ohne kein keine keinen weder sans pas ne sauf sin ni senza tranne sem "
    "nao nem zonder niet geen utan inte uden uten ikke bez без не ни кроме"
)
WITH = _words("with avec con com med met")
#: After these, what follows is to be shown again: "without Zoë but with Ruby".
SHOWING = WITH | _words("but showing mit aber mais pero ma")
#: Before a name: nothing else is to be there. After "not" they say that there is more.
ONLY = _words("only just")
#: The same after a name.
ALONE = _words("alone only allein seul seule")
ARTICLES = _words(
    "a an the my our your his her their its this that these those both either also all "
    "some any every each several "
    "mein meine unser der die das den dem ein eine einen einem einer dein sein seine seinen ihr "
    "ihre ihren ihrem noch el la le les il lo los las un una une mon ma mes ses sa leur leurs mi "
    "mis su sus suo seu haar zijn het een hennes"
)
#: After these German writes any thing with a capital letter: "ohne Helm".
NOUNS_AFTER = _words("ohne kein keine keinen nicht mit")
OF = _words("of von de du des del da do das dos di")
#: What follows a verb: "find Ruby and crop it".
OBJECTS = _words("it them me us him her you of")
#: Who is with the things of a memory and has no name: "Ruby and friends", "Ruby und Oma".
COMPANY = _words(
    "friends friend pets animals family families kids kid children child people parents others "
    "guests mom mum mommy mummy mama dad daddy papa mother father grandma grandpa granny "
    "grandmother grandfather grandparents wife husband partner sister brother siblings son "
    "daughter baby aunt uncle cousin cousins neighbors neighbours girlfriend boyfriend "
    "freunde freunden freund freundin familie kinder kindern kind leute leuten eltern mutter vater "
    "oma opa frau mann bruder schwester geschwister sohn tochter tante onkel nachbarn andere "
    "amis ami amie famille enfants parents maman frere soeur femme mari voisins autres "
    "amigos amigo amiga familia ninos hijos padres hermano hermana abuela abuelo otros "
    "vrienden vriend vriendin kinderen ouders moeder broer zus buren anderen "
    "amici amico amica famiglia bambini nonna nonno genitori altri"
)
#: Who a question is put to or about: "don't you have Ruby?", "isn't that Ruby?".
SUBJECTS = _words("i you he she it we they that this these those")
#: What is not known or not to be forgotten is no less wanted.
MINDING = _words("know remember recall forget mind think believe understand care recognize find")
#: What a name, known or not, follows in a question about one thing.
ASKING = _words("whos whats") | {
    *("who is", "who are", "who was", "what is", "what was", "where is", "me about"),
    *("wer ist", "was ist", "wo ist", "qui est", "ou est", "quien es", "donde esta", "chi e"),
}
#: What stands before the subject of a question, where that is one: "is Rex afraid?".
INVERTED = _words(
    "is was does did has had can could will would should isnt wasnt doesnt didnt hasnt hadnt cant "
    "couldnt wont wouldnt shouldnt"
)
#: What a question begins with where it does not begin with one of these.
QUESTIONING = _words("who whom whose what which when where why how")
#: Some words that say together what one says.
IDIOMS = {
    "without": re.compile(
        r"\b(?:w/o|(?:instead|outside) of|(?:rather|other) than|(?:apart|aside) from"
        r"|(?:all|(?:any|every)(?:thing|one|body)) but|none (?:of|with))(?!\w)",
        re.IGNORECASE,
    ),
    "only": re.compile(r"\b(?:nothing|nobody|none|no ?one) but(?!\w)", re.IGNORECASE),
    "and": re.compile(
        r"\b(?:as well as|accompanied by|alongside|in addition to)(?!\w)", re.IGNORECASE
    ),
    "alone": re.compile(
        r"\b(?:(?:and|with) )?(?:nothing|nobody|no ?one|without any(?:thing|one|body)) else(?!\w)"
        r"|\b(?:by (?:it|him|her|them)sel(?:f|ves)|on (?:its|his|her|their) own)(?!\w)",
        re.IGNORECASE,
    ),
}
#: Words that take a name, so that a name after them may be an ordinary word: "about will".
BEFORE_NAMES = (
    _words("of with about for not without like than von mit ohne de avec named") | AND | OR
)
#: A verb after which another verb cannot stand, but a name: "where is will".
VERBS = _words("is are was were does did do has have had")
#: Words that take a place or a time.
BEFORE_PLACES = _words(
    "in at on from during since before after until into through near last every early late "
    "im am um nach seit en au"
)
#: After these a month or a day is none but that: "in May", "Christmas Eve".
BEFORE_TIMES = _words("in since during until last every early late christmas years")
#: Names that are words for times and weather, where they are not written like names.
TIMES = _words(
    "spring summer autumn fall winter dawn dusk sunrise sunset noon midnight eve holiday lucky "
    "sunny misty stormy rainy snowy windy"
)
#: Words that stand for something else, also after the words that take a name.
PRONOUNS = _words(
    "i me my mine myself you your yours he him his she her hers it its we us our ours they them "
    "their theirs who whom whose what which that this these those there here where when why how "
    "all any some one none no not never and or but if as so the a an of with without for about "
    "from to in on at by"
)
COMMON = frozenset().union(
    *(PRONOUNS, AND, OR, NOT, SHOWING, ONLY, ALONE, ARTICLES, BEFORE_NAMES, BEFORE_PLACES),
    MINDING,
    _words(
        "is are was were be been being am do does did done has have had having can could will "
        "would shall should may might must let lets go goes got get give gives show shows shown "
        "find finds found see sees seen look looks say says tell tells know knows think want wants "
        "like likes love loves eat eats live lives need needs make makes take takes come comes "
        "play plays sit sits sleep sleeps stand lie lies use used open sort list search name "
        "named called remember describe explain compare count return please thanks thank hello "
        "hi hey yes okay ok then than too very more most less still again now today "
        "yesterday tomorrow together beside behind under over between next near by to around "
        "out off up down "
        "photo photos picture pictures image images pic pics snapshot snapshots selfie selfies "
        "album albums shot shots video videos clip clips movie movies footage "
        "everything anything something nothing people thing things anyone someone else "
        "send save print share delete create write draw edit choose "
        "pick put help check order filter rank old new newest oldest latest first second many "
        "much few ones foto fotos bild bilder photographie photographies imagen imagenes immagini "
        "monday tuesday wednesday thursday friday saturday sunday january february march april "
        "june july august september october november december christmas easter halloween whats "
        "whos wheres thats auf zu bei von ist im zeige zeig wo wie fetch display open upload "
        "visible present seen qui est quien es wer donde esta"
    ),
)
#: What is a name only where it is written like one.
ORDINARY = COMMON | TIMES
#: Words of these that are things after an article: "the van".
HOMONYMS = _words("van")
#: What is of the question and not of the photos, in some languages; it is not said to be unknown.
UNSAID = (
    _words(
        "taken took made there here really bit lot lots both another other which whose ever just "
        "featuring containing including contain containing include includes feature features "
        "library collection gallery camera roll recent best good nice great favorite favourite "
        "every bitte mir mich mal ich wir uns er es haben hast habe sind war waren wird sehen "
        "suche such finde gib zeigen alle alles wer was welche welcher welches auch nur mehr beim "
        "vom zum zur aus ueber uber unter neben hinter vor fur nach gegen durch in am im an auf "
        "bilder aufnahmen aufnahme des du aux au dans sur sous chez par pour moi toi nous vous il "
        "elle ils elles est sont etait a ou montre montrez cherche trouve donne voir toutes tous "
        "tout toute avec image photo quelles quels je tu me te se que quoi "
        "del al los las en por para sobre yo tu el ella nosotros esta estan son muestra muestrame "
        "ensename busca dame todas todos todo toda que cual ver lo fotografias mi "
        "dei della delle degli nel nella nei sul sulla con per io tu lui lei mostra mostrami cerca "
        "trova tutte tutti che sono immagine "
        "van op aan bij voor naar uit over onder ik jij wij mij ons is zijn laat zien toon zoek "
        "vind geef alle alles die dat afbeelding afbeeldingen plaatje plaatjes en "
        "na do da dos das nos nas eu ele ela mostre mostra procure todas "
        "фото фотографии фотография снимки на от из покажи найди где мои мой моя все "
        "pa til av fran vid hos bilde bilder billeder "
        "صور صوره לי תמונות תמונה "
        "s t"
    )
    | AND
    | OR
    | NOT
    | ARTICLES
    | PRONOUNS
)
