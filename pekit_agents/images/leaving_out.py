"""One guard for every loop over a user's files: ``leaving_out`` lets one go and not the rest."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pekit_agents.errors import MemoryStoreError, MissingDependency, PeKitError, ProfileError

__all__ = ["leaving_out"]

_LOGGER = logging.getLogger(__name__)


@contextmanager
def leaving_out(tell: Callable[[str], None]) -> Iterator[None]:
    """Do what concerns one file of many; whatever is wrong with it is told and stops nothing.

    A memory that cannot be used and a model that cannot be run are no fault of a file: every other
    file would meet them as well, so they pass. A missing decoder is one: others need none.

    Args:
        tell: Called with the reason if the file is left out.

    Raises:
        MemoryStoreError: The memory cannot be used.
        ProfileError: A model cannot be run.
    """
    try:
        yield
    except MissingDependency as exc:
        tell(str(exc))
    except (MemoryStoreError, ProfileError):
        raise
    except PeKitError as exc:
        tell(str(exc))
    except MemoryError:
        tell("there is not enough free RAM for it; make it smaller")
    except OSError as exc:
        tell(f"the file cannot be read ({exc.strerror or exc})")
    except Exception as exc:  # a decoder or a model that one odd picture upsets
        _LOGGER.debug("left out", exc_info=True)
        tell(f"it cannot be worked on ({type(exc).__name__}: {exc!s:.200})")
