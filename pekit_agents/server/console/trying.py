"""``/try``: what is recognised in photos, why, and what it is in truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response

from pekit_agents.boxes import containment
from pekit_agents.calibration import Strictness
from pekit_agents.errors import InvalidInput, ObjectNotFound
from pekit_agents.kit.kit import PeKit
from pekit_agents.retrieval.finding import Finding
from pekit_agents.server.console.by_id import by_id
from pekit_agents.server.console.rendering import PageRoute, rendered
from pekit_agents.server.console.uploads import Photos, TakenIn, taken_in
from pekit_agents.server.dependencies import ServiceOf, UserOf
from pekit_agents.server.searching import search
from pekit_agents.server.service import Service
from pekit_agents.types import Advice, Match, PersonalObject, Proposal

__all__ = ["Told", "Verdict", "chosen", "router", "why"]

router = APIRouter(route_class=PageRoute)

Text = Annotated[str, Form()]
Number = Annotated[int, Form()]
#: "is" goes by what is chosen in a list, "is:ID" is a button of its own.
Verdict = Annotated[str, Form(pattern="^(yes|no|drop|is|is:.+)$", max_length=300)]
_LONGEST = 120  # characters of a label
_WORDS: dict[str, Strictness] = {
    "recall": "recall",
    "balanced": "balanced",
    "precision": "precision",
}


@dataclass(frozen=True, slots=True)
class Told:
    """A match as a page tells it.

    Attributes:
        match: The match.
        view_id: The view of its likeliest thing that is most like it; None where no picture of
            that is kept.
    """

    match: Match
    view_id: str | None


@dataclass(frozen=True, slots=True)
class _Tried:
    handle: str
    label: str
    strictness: str
    size_wh: tuple[int, int]
    told: list[Told]
    silent: list[tuple[int, Proposal]]
    things: list[PersonalObject]
    said: str
    advice: tuple[Advice, ...]


@router.get("/try")
async def page(request: Request, service: ServiceOf, user: UserOf, photo: str = "") -> Response:
    """Show the page, with a photo that came before if one is named."""
    photos = [TakenIn(photo)] if photo else []
    return await _page(request, service, user, photos)


@router.post("/try/photos")
async def take_photos(
    request: Request, service: ServiceOf, user: UserOf, photo: Photos, strictness: Text = ""
) -> Response:
    """Take photos in; each is searched when it is shown."""
    return await _page(request, service, user, await taken_in(service, user, photo), strictness)


@router.get("/try/{handle}")
async def tried(
    request: Request,
    handle: str,
    service: ServiceOf,
    user: UserOf,
    strictness: str = "",
    label: Annotated[str, Query(max_length=_LONGEST)] = "",
) -> Response:
    """Search a photo."""

    def searched() -> _Tried:
        kit = service.kit(user)
        finding = _found(service, user, handle, strictness)
        return _told(kit, finding, handle, label, strictness)

    found = await service.see(user, searched)
    return rendered(request, "tried.html", part="_tried.html", tried=found)


@router.post("/try/{handle}/corrections")
async def correct(
    request: Request,
    handle: str,
    service: ServiceOf,
    user: UserOf,
    region: Number,
    verdict: Verdict,
    seen: Text = "",
    object_id: Text = "",
    strictness: Text = "",
    label: Text = "",
) -> Response:
    """Learn what a region of a photo is or is not, and search the photo again."""

    def corrected() -> _Tried:
        kit = service.kit(user)
        finding = _found(service, user, handle, strictness)
        match = next((each for each in finding.everything if each.region == region), None)
        advice: tuple[Advice, ...] = ()
        if seen != (match.identity if match else ""):
            said = "Something was learnt meanwhile, and the photo is searched anew: look again."
        else:
            shown = chosen(kit, verdict, object_id)
            said, advice = _learn(kit, finding, region, match, shown, verdict == "no")
            finding = _found(service, user, handle, strictness)
        return _told(kit, finding, handle, label[:_LONGEST], strictness, said, advice)

    found = await service.see(user, corrected)
    return rendered(request, "tried.html", part="_tried.html", tried=found)


@router.post("/try/{handle}/review")
async def keep(
    request: Request,
    handle: str,
    service: ServiceOf,
    user: UserOf,
    strictness: Text = "",
    label: Text = "",
) -> Response:
    """Keep what is doubtful in a photo for later."""

    def keeping() -> _Tried:
        kit = service.kit(user)
        finding = _found(service, user, handle, strictness)
        pictures = service.settings.keep_crops
        kept = kit.review.keep(finding, label=label[:_LONGEST] or handle, pictures=pictures)
        count = len(kept)
        said = {0: "Nothing is doubtful here.", 1: "1 match waits for review."}.get(
            count, f"{count} matches wait for review."
        )
        return _told(kit, finding, handle, label[:_LONGEST], strictness, said)

    found = await service.see(user, keeping)
    return rendered(request, "tried.html", part="_tried.html", tried=found)


async def _page(
    request: Request,
    service: Service,
    user: str,
    photos: list[TakenIn],
    strictness: str = "",
) -> Response:
    def asked() -> tuple[bool, bool, int]:
        kit = service.kit(user)
        by_probability = kit.profile.discriminant is not None
        return by_probability, bool(kit.objects()), len(service.recent.handles(user))

    by_probability, any_things, latest = await service.look_up(user, asked)
    return rendered(
        request,
        "try.html",
        part="_tries.html" if photos else None,
        photos=photos,
        strictness=strictness,
        words=[*_WORDS] if by_probability else [],
        any_things=any_things,
        latest=latest,
    )


def _found(service: Service, user: str, handle: str, strictness: str) -> Finding:
    strict = _strict(strictness) if strictness else None
    return search(service, user, handle, strictness=strict, second_opinion=False)


def _strict(text: str) -> Strictness:
    word = _WORDS.get(text)
    if word is not None:
        return word
    try:
        return float(text)
    except ValueError as exc:
        raise InvalidInput(
            f"strictness: expected {', '.join(_WORDS)} or a share of photos, found {text[:40]!r}"
        ) from exc


def _told(
    kit: PeKit,
    finding: Finding,
    handle: str,
    label: str,
    strictness: str,
    said: str = "",
    advice: tuple[Advice, ...] = (),
) -> _Tried:
    silent = _silent(finding, kit.profile.matching.inside)
    told = [why(kit, match) for match in finding.everything]
    size, things = finding.size_wh, kit.objects()
    return _Tried(handle, label, strictness, size, told, silent, things, said, advice)


def _silent(finding: Finding, inside: float) -> list[tuple[int, Proposal]]:
    """Return the regions that are nothing of the user's, by their numbers.

    What lies in a match, or holds it, shows what the match shows.

    Args:
        finding: What was found.
        inside: The share of the smaller box above which one lies in the other.
    """
    matched = [match.box.xyxy for match in finding.everything]
    boxes = [proposal.box.xyxy for proposal in finding.proposals]
    shared = containment(boxes, matched).max(axis=1, initial=0.0) if boxes and matched else None
    return [
        (number, proposal)
        for number, proposal in enumerate(finding.proposals, start=1)
        if shared is None or shared[number - 1] <= inside
    ]


def why(kit: PeKit, match: Match) -> Told:
    """Return a match with what speaks for it.

    Args:
        kit: Its user's.
        match: The match.
    """
    if match.vector is None:
        return Told(match, None)
    try:
        view, _ = kit.most_alike_view(match.object.object_id, match.vector)
    except ObjectNotFound:  # forgotten since it was searched
        return Told(match, None)
    return Told(match, view.view_id if view.crop else None)


def chosen(kit: PeKit, verdict: str, object_id: str) -> str | None:
    """Return the id of what something is said to be; None where that is not said.

    Args:
        kit: Its user's.
        verdict: What was said.
        object_id: What is chosen in the list beside it.

    Raises:
        InvalidInput: Nothing is chosen.
        ObjectNotFound: It is not remembered (any more).
    """
    said, _, button = verdict.partition(":")
    if said != "is":
        return None
    wanted = button or object_id
    if not wanted:
        raise InvalidInput("expected what it is, found nothing chosen; choose it from the list")
    return by_id(kit, wanted).object_id


def _learn(
    kit: PeKit, finding: Finding, region: int, match: Match | None, shown: str | None, wrong: bool
) -> tuple[str, tuple[Advice, ...]]:
    if match is None:
        if shown is None:
            raise InvalidInput("expected what it is, found nothing chosen; choose it from the list")
        confirmed = kit.confirm_in(finding, shown, region=region)
        return f"Learnt: this is {by_id(kit, shown).name}.", kit.advice_on(confirmed)
    if wrong:
        kit.reject(match)
        return f"Learnt: this is not {' or '.join(obj.name for obj in match.candidates)}.", ()
    obj = kit.confirm(match, shown)
    return f"Learnt: this is {obj.name}.", obj.advice
