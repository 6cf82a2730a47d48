"""What Chinese, Japanese and Korean write together with a name: other names, "not", "photos"."""

from __future__ import annotations

import re

__all__ = ["asks_for_photos", "joined_together", "negated_together"]

#: "and", "with"; then "not", "or".
_TOGETHER = re.compile("(?:と|や|和|跟|与|與|와|과|이?랑|하고) ?")
_HAN, _KATAKANA = "[\u4e00-\u7683\u7685-\u9fff]{2,4}", "[\u30a1-\u30ff]{2,}"  # all but 的
_SPACED = "[가-힣]{2,}|[A-Za-z\u00c0-\u024f]{2,}"
_EARLIER_AND = re.compile(rf"({_KATAKANA}|{_HAN}|{_SPACED}){_TOGETHER.pattern}$")
_LATER_AND = re.compile(
    rf"[とや]({_KATAKANA}|{_SPACED})(?=[のがをはも]|写真|\W|$)|[とや]({_HAN})(?=の?写真)"
    rf"|[和跟与與]({_HAN}?|{_SPACED})(?=[的在]|\W|$)"
    r"|(?:[와과]|이?랑|하고) ?([가-힣]{2,}?)(?<![는은던한기자요다까네에서로께])"
    r"(?=[의이가을를도]?(?: ?사진|\W|$))"
)
_LATER_NOT = re.compile("(?:が|の)?(?:なし|以外|抜き|いない)|(?:이|가)? ?(?:없|빼고|말고)")
_EARLIER_NOT = re.compile(
    "(?:没有|沒有|不要|不含|除了|而不是|または|或者?|还是|또는|이나|거나|か) ?$"
)
#: What stands there and is no name: friends, family, children, all, we, they, together.
_NO_NAMES = re.compile(
    "友達|友人|家族|子供|一緒|自分|我们|他们|她们|你们|大家|朋友们?|家人|孩子们?|一起"
    "|함께|같이|우리|친구들?|가족|아이들"
)
#: Photos, shown, sought, please, and particles.
_OF_PHOTOS = re.compile(
    "(?:の|的|を|が|は|写真|照片|相片|画像|見せて|探して|ください|请|给我|看|找|显示|一张|所有"
    "|사진|이미지|을|를|이|가|은|는|의|보여|찾아|줘|주세요|一緒に?|一起|함께|같이)+"
)


def asks_for_photos(word: str) -> bool:
    """Say whether a word, as it is folded, says nothing but that photos are asked for."""
    return _OF_PHOTOS.fullmatch(word) is not None


def joined_together(before: str, after: str, joint: str) -> list[str]:
    """Return what "and" joins to a name and is written like one, before it and after it.

    Args:
        before: What stands before the name.
        after: What stands after it.
        joint: What stands between it and a known name that follows; empty if none does.
    """
    told = [_EARLIER_AND.search(before)]
    if not _TOGETHER.fullmatch(joint):
        told.append(_LATER_AND.match(after))
    names = [next(filter(None, each.groups())) for each in told if each is not None]
    return [name for name in names if not _NO_NAMES.fullmatch(name)]


def negated_together(before: str, after: str) -> bool:
    """Say whether "not" or "or" is written together with a name."""
    return bool(_LATER_NOT.match(after) or _EARLIER_NOT.search(before))
