"""The door for clips: ``open_clip`` opens a path, bytes, a binary file or an address.

A local clip is read through Python's own file: FFmpeg gets no name, so that it expands no pattern,
follows no playlist and opens nothing else. An address is one only as a ``str``.
"""

from __future__ import annotations

import contextlib
import io
import os
import stat
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from pekit_agents.errors import ClipError
from pekit_agents.images.reading import describe_source
from pekit_agents.video.limits import VideoLimits
from pekit_agents.video.pyav import av

__all__ = [
    "ClipSource",
    "is_address",
    "is_camera",
    "is_device",
    "name_of",
    "open_clip",
    "reason",
    "why_no_clip",
]

#: FFmpeg's names of the containers that are read from files. Playlists (hls, dash, concat), series
#: of pictures and drawings in letters (tty) are not among them.
_CONTAINERS = (
    "mov,mp4,matroska,webm,avi,gif,mpegts,mpeg,mpegvideo,flv,asf,ogg,h264,hevc,obu,av1,ivf,m4v,mxf,"
    "dv,rm,vc1,nut,yuv4mpegpipe"
)
#: What an address may speak; nothing of it opens a local file.
_PROTOCOLS = "rtsp,rtsps,rtp,srtp,rtmp,rtmps,rtmpt,http,https,tcp,tls,udp,crypto,httpproxy"
_SCHEMES = ("rtsp", "rtsps", "rtmp", "rtmps", "http", "https")
_ALWAYS_LIVE = ("rtsp", "rtsps", "rtmp", "rtmps")
_DEVICES = "/dev/video"
_HEAD = 512  # bytes, in which every format says what it is
_PHOTO_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"mif1", b"avif", b"jpeg")
_PHOTOS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*", b"BM", b"P5\n", b"P6\n")
_PLAYLISTS = (b"#EXTM3U", b"ffconcat", b"[playlist]", b"<MPD", b"<?xml")


class ClipSource:
    """An opened clip, and what has to be closed with it.

    Attributes:
        container: PyAV's container.
        stream: The stream of pictures that a player shows.
        name: What to call it in messages.
        live: Whether it is a camera or a broadcast, which does not wait.
        seekable: Whether another place of it can be gone to.
    """

    def __init__(self, source: object, limits: VideoLimits) -> None:
        self.name = name_of(source)
        self._limits = limits
        self._closing = contextlib.ExitStack()
        try:
            if isinstance(source, str) and (is_address(source) or is_device(source)):
                self.container, self.seekable = self._from_address(source), False
                never_ends = self.container.duration is None
                self.live = never_ends or is_camera(source)
                self.seekable = not self.live
            else:
                self.container, self.seekable = self._from_file(source)
                self.live = False
            self._closing.callback(self.container.close)
            self.stream = _video_of(self.container, self.name)
            self._check()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close what was opened; a file of the caller's stays open."""
        self._closing.close()

    def _check(self) -> None:
        context = self.stream.codec_context
        if context.width * context.height > self._limits.max_pixels:
            raise ClipError(
                f"{self.name}: expected frames of at most {self._limits.max_pixels / 1e6:.2g} "
                f"megapixels, got {context.width}x{context.height}; save a smaller copy",
                in_python=", or raise VideoLimits.max_pixels.",
            )
        # Each thread of a decoder holds frames of its own: on many cores that is much RAM.
        self.stream.thread_type = "AUTO"
        context.thread_count = min(4, os.cpu_count() or 1)

    def _from_address(self, address: str) -> Any:
        if is_device(address):
            return self._from_device(address)
        scheme = urlsplit(address).scheme.lower()
        if scheme not in _SCHEMES:
            raise ClipError(
                f"{self.name}: expected an address that begins with one of "
                f"{', '.join(f'{each}://' for each in _SCHEMES)}, got {scheme}://; for a file pass "
                "its path."
            )
        options = {"protocol_whitelist": _PROTOCOLS}
        if scheme.startswith("rtsp"):
            options["rtsp_transport"] = "tcp"  # nothing gets lost, and firewalls let it through
        patience = (self._limits.patience, self._limits.patience)
        try:
            return av.open(address, options=options, timeout=patience)
        except (av.FFmpegError, OSError, ValueError) as exc:
            raise ClipError(
                f"{self.name}: expected a camera or a stream, but it could not be opened within "
                f"{self._limits.patience:g} seconds ({reason(exc)}); check the address, the "
                "password and that it is switched on."
            ) from exc

    def _from_device(self, device: str) -> Any:
        try:
            if "v4l2" not in av.formats_available:
                raise ClipError(
                    f"{device}: expected a PyAV that reads cameras of this computer, found one "
                    "without Video4Linux; pass the camera's frames instead, as (seconds, picture)."
                )
            return av.open(device, format="v4l2", timeout=self._limits.patience)
        except (av.FFmpegError, OSError, ValueError) as exc:
            if isinstance(exc, ClipError):
                raise
            raise ClipError(
                f"{device}: expected a camera, but it could not be opened ({reason(exc)}); check "
                "that it is plugged in and that no other program uses it."
            ) from exc

    def _from_file(self, source: object) -> tuple[Any, bool]:
        file = self._file(source)
        head, seekable = _head_of(file, self.name)
        if seekable and (why := why_no_clip(head)):
            raise ClipError(f"{self.name}: {why}")
        options = {
            "format_whitelist": _CONTAINERS,
            "protocol_whitelist": "none",
            "max_pixels": str(self._limits.max_pixels),
        }
        try:
            return av.open(file, options=options, io_open=_refuse), seekable
        except (av.FFmpegError, OSError, ValueError, TypeError) as exc:
            raise ClipError(
                f"{self.name}: expected a clip (MP4, MOV, MKV, WebM, AVI, GIF, ...), but it could "
                f"not be opened ({reason(exc)}): it is something else, or its beginning or end is "
                "missing; save or download it again."
            ) from exc

    def _file(self, source: object) -> Any:
        if isinstance(source, bytes | bytearray | memoryview):
            return io.BytesIO(source)
        if isinstance(source, str | os.PathLike):
            return self._closing.enter_context(_opened(Path(os.fsdecode(source)), self.name))
        return source


def open_clip(source: object, limits: VideoLimits) -> ClipSource:
    """Open a clip or a camera.

    Raises:
        ClipError: It is missing, none, has no pictures, or does not answer.
    """
    return ClipSource(source, limits)


def is_address(source: object) -> bool:
    """Return whether a source is the address of a stream: a text with ``://``."""
    return isinstance(source, str) and "://" in source


def is_device(source: object) -> bool:
    """Return whether a source is a camera of this computer: ``/dev/video0``."""
    return isinstance(source, str) and source.startswith(_DEVICES)


def is_camera(source: object) -> bool:
    """Return whether a source shows what is before it now, by its address alone."""
    if not isinstance(source, str):
        return False
    scheme = urlsplit(source).scheme.lower() if is_address(source) else ""
    return is_device(source) or scheme in _ALWAYS_LIVE


def name_of(source: object) -> str:
    """Return what to call a source in messages; of an address without passwords and tokens."""
    if is_address(source):
        parts = urlsplit(str(source))
        try:
            host = parts.hostname or ""
        except ValueError:
            host = ""
        return f"{parts.scheme}://{host}"
    return describe_source(source)


def why_no_clip(head: bytes) -> str:
    """Return why a file that begins so is no clip: it is a photo or a playlist; else ""."""
    if not head:
        return "expected a clip, got 0 bytes; was it saved completely?"
    webp = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    if head.startswith(_PHOTOS) or webp or (head[4:8] == b"ftyp" and head[8:12] in _PHOTO_BRANDS):
        return "expected a clip, got a photo; search it with find instead."
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(_PLAYLISTS):
        return "expected a clip, got a playlist or a text that names other files; pass the clip."
    return ""


def reason(exc: BaseException) -> str:
    """Return what FFmpeg says in few words, without names of files and addresses."""
    return str(getattr(exc, "strerror", None) or exc)[:200]


def _video_of(container: Any, name: str) -> Any:
    streams = container.streams.video
    pictures = [each for each in streams if not int(each.disposition) & 0x400]  # attached_pic
    if not pictures:
        sound = " with sound" if container.streams.audio else ""
        cover = " and a cover picture" if streams else ""
        raise ClipError(
            f"{name}: expected a clip with pictures, got a file{sound}{cover} and no video stream; "
            "pass another."
        )
    known = [each for each in pictures if each.codec_context is not None]
    if not known:
        raise ClipError(
            f"{name}: expected a clip that can be decoded, got a video stream of an unknown kind; "
            "convert it to MP4 with H.264."
        )
    return max(known, key=lambda each: (int(each.disposition) & 1, each.width * each.height))


def _head_of(file: Any, name: str) -> tuple[bytes, bool]:
    """Return the first bytes of a file, which is at its beginning then, and whether it seeks."""
    try:
        seekable = bool(file.seekable())
        if not seekable:
            return b"", False
        file.seek(0)
        head = file.read(_HEAD)
        file.seek(0)
    except (OSError, ValueError, AttributeError) as exc:
        raise ClipError(f"{name}: the file cannot be read ({reason(exc)}); open it anew.") from exc
    if not isinstance(head, bytes):
        raise ClipError(f"{name}: expected a binary file, got one of text; open it with mode 'rb'.")
    return head, True


def _opened(path: Path, name: str) -> IO[bytes]:
    try:
        info = path.stat()
        if not stat.S_ISREG(info.st_mode):
            kind = "a folder" if stat.S_ISDIR(info.st_mode) else "a device, pipe or socket"
            raise ClipError(f"{name}: expected a clip, got {kind}; pass the file's own path.")
        return path.open("rb")
    except FileNotFoundError as exc:
        raise ClipError(
            f"{name}: expected a clip, found nothing at that path; check the path."
        ) from exc
    except (OSError, ValueError) as exc:
        if isinstance(exc, ClipError):
            raise
        raise ClipError(
            f"{name}: the file cannot be read ({reason(exc)}); check the path."
        ) from exc


def _refuse(*_: Any) -> Any:
    raise PermissionError("a clip may not open other files")
