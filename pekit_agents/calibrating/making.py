"""From a folder of photos to the calibration of a profile's encoder, by cross-validation."""

from __future__ import annotations

import math
import statistics
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pekit_agents.bank import Bank
from pekit_agents.calibrating.assessing import Answers, Row, assess
from pekit_agents.calibrating.fitting import Fit, fit, without
from pekit_agents.calibrating.looking import look_at, plain_features
from pekit_agents.calibrating.photos import shown_in
from pekit_agents.calibrating.trials import (
    Seen,
    Trial,
    drawn,
    folds_of,
    half_of,
    own_things,
    trials_in,
)
from pekit_agents.calibration import STRICTNESS
from pekit_agents.encoder_calibration import EncoderCalibration
from pekit_agents.errors import InvalidInput, ProfileError
from pekit_agents.evaluation.lineup import StandardLineup
from pekit_agents.evaluation.running import silent
from pekit_agents.profiles import calibrated_profile
from pekit_agents.whitening import Whitening, blocks_of

if TYPE_CHECKING:
    from pekit_agents.calibrating.trials import Normalize
    from pekit_agents.evaluation.features import Features
    from pekit_agents.evaluation.intervals import Estimate
    from pekit_agents.evaluation.recognizers import Recognizer
    from pekit_agents.evaluation.running import Progress
    from pekit_agents.profiles import Profile
    from pekit_agents.protocols import Encoder

__all__ = ["LEAST_PHOTOS", "LEAST_THINGS", "REFS", "Report", "calibrate", "recognizer_of"]

#: Things with two photos or more, in each of which something stands out.
LEAST_THINGS = 6
LEAST_PHOTOS = 20
#: References of a thing in the trials, as far as it has so many.
REFS = (1, 3)

_REPEATS = 4  # splits into folds
_DRAWS = 4  # memories in each fold
_SEARCHED = 3  # splits that are searched as well
_SEED = 0
# In units of the scale, as with the embedded profile.
_AMBIGUITY, _DOUBT = 1.6, 2.1
# Of the right objects' scores above their mean, in deviations: the same.
_ITSELF = 0.33
_NEVER = 1e-3  # a stranger that scores so rarely is none


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured, and how well it holds.

    Attributes:
        photos: How many there were.
        things: What they show.
        own: How many of these were remembered in the trials.
        regions: Of all photos.
        plain: With features as the encoder normalises them, at the rate of the profile.
        whitened: The same with features that are centred and whitened.
        trials: At several rates, with the better of both.
        once: With everything that a search does but second looks, at the rate of the profile.
        twice: With second looks as well.
    """

    photos: int
    things: int
    own: int
    regions: int
    plain: tuple[Row, ...]
    whitened: tuple[Row, ...]
    trials: tuple[Row, ...]
    once: tuple[Row, ...]
    twice: tuple[Row, ...]


def calibrate(
    profile: Profile,
    folder: Path,
    *,
    category: str = "object",
    cache: Path | None = None,
    tools: str = "",
    progress: Progress = silent,
) -> tuple[EncoderCalibration, Report]:
    """Measure a profile's encoder on a folder of photos.

    Args:
        profile: Without a calibration.
        folder: Photos of all kinds of things, see :func:`shown_in`.
        category: What the photos show, for tools that take words.
        cache: The folder to keep features in; None keeps none.
        tools: With a cache: names the tools with all their settings.
        progress: Called after each step.

    Raises:
        ProfileError: The profile is calibrated.
        InvalidInput: There are too few photos or things, or the cache cannot be written.
        ImageError: A photo cannot be read; the message names it.
    """
    if profile.matching.calibration is not None:
        raise ProfileError(
            f"expected a profile without a calibration, found {profile.name!r}, which has one: "
            "its statistics may be of these very photos; take its calibration out first"
        )
    photos = shown_in(folder)
    if len(photos) < LEAST_PHOTOS:
        raise InvalidInput(
            f"expected {LEAST_PHOTOS} photos or more in {folder}, found {len(photos)}; "
            "a hundred of all kinds of things are a good number"
        )
    with tempfile.TemporaryDirectory() as scratch:
        features = plain_features(profile, cache or Path(scratch), tools)
        seen = look_at(photos, features, category, lambda *step: progress("photos", *step))
        _require(seen, folder)
        return _measured(profile, seen, features, category, progress)


def _require(seen: Sequence[Seen], folder: Path) -> None:
    own = own_things(seen)
    if len(own) < LEAST_THINGS:
        raise InvalidInput(
            f"expected {LEAST_THINGS} things or more with two photos each in {folder}, found "
            f"{len(own)} in whose photos an object was seen; put the photos of one thing into a "
            "folder of its own"
        )
    if not any(len(each.regions) for each in seen if each.thing in own):
        raise InvalidInput(
            f"expected photos in which something is proposed, found none in {folder}"
        )


def _measured(
    profile: Profile, seen: list[Seen], features: Features, category: str, progress: Progress
) -> tuple[EncoderCalibration, Report]:
    matching, asked = profile.matching, profile.matching.false_alarms
    rates = list(dict.fromkeys([asked, *STRICTNESS.values()]))
    tried, rows = {}, {}
    for white in (False, True):
        stage = "trials, whitened" if white else "trials, plain"
        tried[white] = _trials(seen, profile.encoder, white, matching.max_weight, stage, progress)
        rows[white] = assess(seen, *tried[white], rates, REFS)
    plain, whitened = ([row for row in rows[white] if row.asked == asked] for white in rows)
    white = _right(whitened) > _right(plain)
    once, twice = (
        _searched(profile, seen, tried[white], white, doubt, features, category, progress)
        for doubt in (0.0, _DOUBT)
    )
    doubt = _DOUBT if _is_better(twice, once) else 0.0
    found = _as_calibration(profile, seen, fit(*tried[white]), white, doubt)
    report = Report(
        photos=len(seen),
        things=len({each.thing for each in seen}),
        own=len(own_things(seen)),
        regions=sum(len(each.regions) for each in seen),
        plain=tuple(plain),
        whitened=tuple(whitened),
        trials=tuple(sorted(rows[white], key=lambda row: (-row.asked, row.refs))),
        once=tuple(once),
        twice=tuple(twice),
    )
    return found, report


def _is_better(twice: Sequence[Row], once: Sequence[Row]) -> bool:
    """Return whether second looks find more, and raise no more false alarms."""
    alarms = [_mean(row.alarms for row in rows) for rows in (twice, once)]
    return _right(twice) > _right(once) and alarms[0] <= alarms[1]


def _mean(found: Iterable[Estimate]) -> float:
    return statistics.fmean(each.mean or 0.0 for each in found)


def _right(rows: Sequence[Row]) -> float:
    return _mean(row.right for row in rows)


def _trials(
    seen: Sequence[Seen],
    encoder: Encoder,
    white: bool,
    max_weight: float,
    stage: str,
    progress: Progress,
) -> tuple[list[Trial], list[Trial]]:
    rng = np.random.default_rng(_SEED)
    folds = [fold for _ in range(_REPEATS) for fold in folds_of(seen, rng)]
    several: list[Trial] = []
    alone: list[Trial] = []
    for done, fold in enumerate(folds, start=1):
        normalize = _normalize(fold.base, encoder, white)
        more, single = trials_in(
            fold, normalize, REFS, max_weight=max_weight, draws=_DRAWS, rng=rng
        )
        several += more
        alone += single
        progress(stage, done, len(folds))
    return [trial for trial in several if len(trial.new.scores)], alone


def _statistics(seen: Sequence[Seen], encoder: Encoder) -> Whitening:
    return Whitening.of(np.concatenate([each.patches for each in seen]), blocks_of(encoder))


def _normalize(seen: Sequence[Seen], encoder: Encoder, white: bool) -> Normalize:
    return _statistics(seen, encoder).normalize if white else encoder.normalize


def _as_calibration(
    profile: Profile, seen: Sequence[Seen], fitted: Fit, white: bool, doubt: float
) -> EncoderCalibration:
    """Return a calibration with the statistics and the bank of some photos."""
    encoder, found = profile.encoder, fitted.calibration
    counts = [len(each.regions) for each in seen]
    bank = Bank(
        np.concatenate([each.regions for each in seen]),
        np.repeat(np.arange(len(seen)), counts),
        np.repeat([each.thing for each in seen], counts),
    )
    never = found.location + fitted.margin + found.scale * math.log(1 / _NEVER)
    return EncoderCalibration(
        encoder_id=encoder.id,
        max_weight=profile.matching.max_weight,
        augment=profile.augment,
        whitening=_statistics(seen, encoder) if white else None,
        bank=bank,
        calibration=found,
        margin=fitted.margin,
        least=fitted.least,
        itself=max(found.mean + _ITSELF * found.deviation, never),
        ambiguity=min(_AMBIGUITY * found.scale, 1.0),
        doubt=min(doubt * found.scale, 1.0),
    )


def _searched(
    profile: Profile,
    seen: Sequence[Seen],
    trials: tuple[list[Trial], list[Trial]],
    white: bool,
    doubt: float,
    features: Features,
    category: str,
    progress: Progress,
) -> list[Row]:
    """Return what is found by remembering and searching as a user does, fold by fold.

    Each fold is searched with the statistics and strangers of the others, and with what fits the
    trials without its things. A doubt is in units of the scale.
    """
    profile = replace(profile, describer=None, matching=replace(profile.matching, doubt=0.0))
    stage = "searches, looking twice" if doubt else "searches"
    rng = np.random.default_rng(_SEED)
    answers = {count: Answers(seen) for count in REFS}
    folds, done = [fold for _ in range(_SEARCHED) for fold in folds_of(seen, rng)], 0
    for fold in folds:
        things = {each.thing for each in fold.tested}
        others, alone = (without(some, things) for some in trials)
        if not others:
            continue
        made = _as_calibration(profile, fold.base, fit(others, alone), white, doubt)
        recognizer = recognizer_of(features, calibrated_profile(profile, made))
        known = half_of(fold.own, rng)
        chosen = {thing: drawn(fold.tested, thing, max(REFS), rng) for thing in known}
        used = {each.path for photos in chosen.values() for each in photos}
        left = [each for each in fold.tested if each.path not in used]
        for count in REFS:
            recognizer.learn(
                {str(t): [each.path for each in some[:count]] for t, some in chosen.items()},
                {str(thing): category for thing in known},
            )
            for photo in left:
                named = recognizer.look(photo.path).named
                if photo.thing in known:
                    first = [each.name for each in named[:1] if not each.alternatives]
                    answers[count].own([photo.thing], [first == [str(photo.thing)]])
                else:
                    answers[count].strangers([photo.thing], [bool(named)])
            done += 1
            progress(stage, done, len(folds) * len(REFS))
    return [counted.row(profile.matching.false_alarms, n) for n, counted in answers.items()]


def recognizer_of(features: Features, profile: Profile) -> Recognizer:
    """Return who remembers and searches as the kit does, on features that are made once.

    Args:
        features: Gives the features of photos.
        profile: Its encoder pools as that of the features.
    """
    lineup = StandardLineup(features, profile_for=lambda _: profile, with_baselines=False)
    (kit,) = lineup.recognizers(_SEED)
    return kit
