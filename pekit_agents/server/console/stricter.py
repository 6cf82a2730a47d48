"""``/strictness``: what each strictness would do to the photos that came last."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from pekit_agents.calibration.strictness import STRICTNESS, Strictness
from pekit_agents.errors import InvalidInput
from pekit_agents.server.console.rendering import PageRoute, rendered
from pekit_agents.server.dependencies import ServiceOf, UserOf
from pekit_agents.server.service import Service
from pekit_agents.types import Match

__all__ = ["STEPS", "router"]

router = APIRouter(prefix="/strictness", route_class=PageRoute)

#: Rates from the strictest to the most lenient; the words of ``Strictness`` are among them.
STEPS = (0.005, 0.02, 0.06, 0.12, 0.2, 0.4)
_PHOTOS = 8  # each may have to be searched, which takes about a second


@dataclass(frozen=True, slots=True)
class _Step:
    rate: float
    word: str
    named: list[Match]
    possible: list[Match]


@dataclass(frozen=True, slots=True)
class _Compared:
    handle: str
    size_wh: tuple[int, int]
    steps: list[_Step]


@router.get("")
async def page(request: Request, service: ServiceOf, user: UserOf) -> Response:
    """Show the slider and the photos, each of which is then searched."""

    def asked() -> tuple[list[str], bool]:
        by_probability = service.kit(user).profile.discriminant is not None
        return service.latest(user)[:_PHOTOS] if by_probability else [], by_probability

    handles, by_probability = await service.look_up(user, asked)
    words = {rate: word for word, rate in STRICTNESS.items()}
    return rendered(
        request,
        "strictness.html",
        handles=handles,
        by_probability=by_probability,
        steps=[(rate, words.get(rate, "")) for rate in STEPS],
        chosen=STEPS.index(STRICTNESS["balanced"]),
    )


@router.get("/{handle}")
async def compared(request: Request, handle: str, service: ServiceOf, user: UserOf) -> Response:
    """Show what each strictness names in a photo."""
    found = await service.see(user, _compared, service, user, handle)
    chosen = STEPS.index(STRICTNESS["balanced"])
    return rendered(request, "_compared.html", compared=found, chosen=chosen)


def _compared(service: Service, user: str, handle: str) -> _Compared:
    """Search a photo once, and compare its regions anew for each strictness."""
    kit = service.kit(user)
    if kit.profile.discriminant is None:
        raise InvalidInput(
            "expected a profile that knows probabilities, found one that has a threshold"
        )
    finding = service.actions.findings.find(user, handle, second_opinion=False)
    regions = [([each.box for each in finding.proposals], finding.vectors)]
    words = {rate: word for word, rate in STRICTNESS.items()}
    steps = []
    for rate in STEPS:
        # A word is the profile's own where it is "balanced", and not what its rate comes to.
        strictness: Strictness = "balanced" if words.get(rate) == "balanced" else rate
        named, possible = next(kit.match_regions(regions, strictness=strictness), ([], []))
        steps.append(_Step(rate, words.get(rate, ""), named, possible))
    return _Compared(handle, finding.size_wh, steps)
