"""Whether two runs asked the same, and if not, what differs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.records import Draw, Trial

__all__ = ["require_same", "require_same_draws"]

_MOST = 3  # names of each side in a message


def require_same(what: str, a: object, b: object) -> None:
    """Check that the two sides agree in something.

    Raises:
        InvalidInput: They do not; the message says in what.
    """
    if a != b:
        raise InvalidInput(
            f"these runs cannot be compared: expected the same {what}, got {a!s:.200} and "
            f"{b!s:.200}; run both on the same data set with the same references, draws and seed."
        )


def require_same_draws(a: Sequence[Draw], b: Sequence[Draw]) -> None:
    """Check that two recognizers were asked the same after the same introduction.

    Args:
        a: The draws of one recognizer in one condition.
        b: Those of the other.

    Raises:
        InvalidInput: Their draws, things, references, photos or truths differ.
    """
    first, second = (sorted(side, key=_place) for side in (a, b))
    require_same("draws (references/seed)", *(_draw_names(side) for side in (first, second)))
    for draw, other in zip(first, second, strict=True):
        where = f"(references {draw.refs}, seed {draw.seed})"
        _require_same_names(f"things known {where}", draw.known, other.known)
        for thing in draw.known:
            photos = (side.references.get(thing, ()) for side in (draw, other))
            require_same(f"references of {thing} {where}", *map(_listed, photos))
        _require_same_photos(draw, other, where)


def _require_same_photos(a: Draw, b: Draw, where: str) -> None:
    first, second = ({trial.photo: trial for trial in draw.trials} for draw in (a, b))
    _require_same_names(f"photos {where}", first, second)
    for photo, trial in first.items():
        require_same(f"truth about {photo}", *map(_truth, (trial, second[photo])))


def _require_same_names(what: str, a: Iterable[str], b: Iterable[str]) -> None:
    """Compare two sets and tell only of what one side has alone."""
    first, second = set(a), set(b)
    alone = (sorted(first - second), sorted(second - first))
    told = (
        f"{_listed(names[:_MOST])} of {len(names)} more" if names else "none more"
        for names in alone
    )
    if first != second:
        require_same(what, *told)


def _place(draw: Draw) -> tuple[int, int, tuple[str, ...]]:
    return draw.refs, draw.seed, draw.known


def _draw_names(draws: Iterable[Draw]) -> str:
    return _listed(f"{draw.refs}/{draw.seed}" for draw in draws)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def _truth(trial: Trial) -> tuple[object, ...]:
    return trial.group, trial.shows, trial.about, dict(trial.boxes)
