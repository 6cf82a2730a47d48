"""Cameras and broadcasts: ``newest_frames`` yields the newest frame and drops older ones."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from typing import TYPE_CHECKING

from pekit_agents.errors import ClipError

if TYPE_CHECKING:
    import av

    from pekit_agents.video.reading import ClipReader

__all__ = ["newest_frames"]


def newest_frames(
    reader: ClipReader, patience: float
) -> Generator[tuple[float, av.VideoFrame], None, None]:
    """Yield (seconds since the first frame, newest decoded frame); nothing else is kept.

    A thread reads all the time, as a camera does not wait. It ends, and closes the reader, when the
    iterator is closed: at the latest when the camera has been silent for ``patience``.

    Args:
        reader: An opened camera; it belongs to the thread from now on.
        patience: Seconds to wait for a frame.

    Raises:
        ClipError: No frame came in time.
    """
    slot = _Slot()
    thread = threading.Thread(target=_read, args=(reader, slot), name="camera", daemon=True)
    thread.start()
    try:
        first = None
        while (taken := slot.take(patience)) is not None:
            arrived, frame = taken
            first = arrived if first is None else first
            yield arrived - first, frame
        if first is None or slot.failed:
            raise ClipError(
                f"{reader.clip.name}: expected a frame of the camera at least every {patience:g} "
                f"seconds, got none ({slot.failed or 'it ended'}); check that it is switched on."
            )
    finally:
        slot.stop()
        thread.join()


class _Slot:
    """Holds the newest frame, and wakes whoever waits for it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._newest: tuple[float, av.VideoFrame] | None = None
        self._ended = False
        self.stopped = False
        self.failed = ""

    def put(self, frame: av.VideoFrame) -> None:
        with self._changed:
            self._newest = (time.monotonic(), frame)
            self._changed.notify()

    def end(self, failed: str = "") -> None:
        with self._changed:
            self._ended, self.failed = True, self.failed or failed
            self._changed.notify()

    def stop(self) -> None:
        self.stopped = True

    def take(self, patience: float) -> tuple[float, av.VideoFrame] | None:
        """Return the newest frame that was not taken yet; None at the end or out of patience."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._newest or self._ended, patience):
                self.failed = f"silent for {patience:g} seconds"
            taken, self._newest = self._newest, None
            return taken


def _read(reader: ClipReader, slot: _Slot) -> None:
    try:
        for frame in reader.decoded():
            if slot.stopped:
                return
            slot.put(frame)
        slot.end(reader.stopped_by)
    except Exception as exc:  # noqa: BLE001  # whoever waits is to be told
        slot.end(str(exc) or type(exc).__name__)
    finally:
        reader.close()
