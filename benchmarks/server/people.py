"""Users with secrets: each has things, photos and words that nobody else may ever see."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any

import httpx2
import numpy as np
from PIL import Image, PngImagePlugin

from benchmarks.server.in_process import Answer, Call, answer_to
from pekit_agents.server.tokens import hash_of
from pekit_agents.testing.fakes import PALETTE, solid_scene

if TYPE_CHECKING:
    from starlette.types import ASGIApp

__all__ = ["HOST", "Person", "built", "leaks", "snapshot", "three_people"]

HOST = "localhost:8321"
_SIDE = 60  # pixels of a thing in a photo
_MUCH = 1500  # pixels of a colour that show a thing, and not the line around one
_NEAR = 60  # of a channel: JPEG is not exact
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{400,}={0,2}")
_HANDLE = re.compile(r"img_[0-9a-f]{32}")
_ID = re.compile(r'"(?:object_id|view_id|review_id|id)":\s*"([^"]{6,})"')


@dataclass
class Person:
    """A user.

    Attributes:
        user_id: Who.
        colour: What all their things have, and nobody else's.
        ids: Of their things, views, pictures and doubts, as the server told them.
    """

    user_id: str
    colour: str
    shade: str
    ids: set[str] = field(default_factory=set)

    @property
    def token(self) -> str:
        """Their token."""
        return f"token-of-{self.user_id}-{'x' * 16}"

    @property
    def hashed(self) -> tuple[str, str]:
        """The hash of the token, and whose it is."""
        return hash_of(self.token), self.user_id

    @property
    def marker(self) -> str:
        """What all their words hold, and the file of each photo."""
        return f"Zq{self.user_id.title()}xv"

    @property
    def known(self) -> set[str]:
        """Half of the ids: those that others have got hold of, and send."""
        return {each for each in self.ids if sum(each.encode()) % 2}

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Of their requests."""
        return (("host", HOST), ("authorization", f"Bearer {self.token}"))

    def photo(self, colour: str | None = None, left: int = 10) -> bytes:
        """Return a photo of a thing of theirs, as a file that holds the marker."""
        scene = solid_scene({colour or self.colour: (left, 20, left + _SIDE, 20 + _SIDE)})
        words = PngImagePlugin.PngInfo()
        words.add_text("Comment", f"{self.marker} photo")
        file = BytesIO()
        scene.save(file, "PNG", pnginfo=words)
        return file.getvalue()

    async def send(self, app: ASGIApp, method: str, path: str, **given: Any) -> Answer:
        """Send a request of theirs, and keep the ids of the answer."""
        answer = await answer_to(app, built(method, path, self.headers, **given))
        told = answer.body.decode("latin-1")
        self.ids |= set(_HANDLE.findall(told)) | set(_ID.findall(told))
        return answer

    async def fill(self, app: ASGIApp) -> None:
        """Remember things, keep photos, and have one in doubt and one in the library.

        Raises:
            RuntimeError: The server did not do it.
        """
        photo = ("photo.png", self.photo(), "image/png")
        said = {"name": f"{self.marker} name", "category": f"{self.marker} kind"}
        said["context"] = f"{self.marker} words"
        doubt = ("doubt.png", self.photo(self.shade, 40), "image/png")
        calls: list[tuple[str, dict[str, Any]]] = [
            ("/v1/objects", {"data": said, "files": {"photos": photo}}),
            ("/v1/pictures", {"files": {"photo": ("p.png", self.photo(left=50), "image/png")}}),
            ("/v1/pictures", {"files": {"photo": doubt}}),
            ("/v1/find", {"files": {"photo": photo}}),
            ("/v1/library/photos", {"json": {"photos": [self._in_library()]}}),
        ]
        for path, given in calls:
            answer = await self.send(app, "POST", path, **given)
            if answer.status >= 300:
                raise RuntimeError(f"{path}: {answer.status} {answer.body.decode()}")
            if given.get("files", {}).get("photo") is doubt:
                handle = json.loads(answer.body)["picture"]
                label = {"picture": handle, "label": f"{self.marker} doubt"}
                await self.send(app, "POST", "/v1/review", json=label)
        await self.send(app, "GET", "/v1/review")

    def _in_library(self) -> dict[str, str]:
        data = base64.b64encode(self.photo(left=80)).decode()
        return {"photo_id": f"{self.marker} library", "data": data}


def three_people() -> list[Person]:
    """Return three users: the first does no harm."""
    return [
        Person("ann", "red", "pale red"),
        Person("bob", "green", "pale green"),
        Person("cleo", "blue", "pale blue"),
    ]


def built(
    method: str, path: str, headers: tuple[tuple[str, str], ...], kind: str = "", **given: Any
) -> Call:
    """Return a request with a body as ``httpx`` writes it: ``json``, ``data``, ``files``."""
    made = httpx2.Request(method, f"http://{HOST}/", **given)
    body = made.read()
    own = {name: value for name, value in made.headers.items() if name.startswith("content-")}
    return Call(method, path, (*headers, *own.items()), (body,), kind)


def leaks(answer: Answer, others: list[Person]) -> Iterator[str]:
    """Yield what an answer says of people whose request it was not."""
    said = answer.body.decode("latin-1") + str(answer.headers)
    pictures = [answer.body, *(_decoded(each) for each in _BASE64.findall(answer.body))]
    for person in others:
        if person.marker in said or any(person.marker.encode() in each for each in pictures):
            yield f"the words of {person.user_id}"
        if any(each in said for each in person.ids - person.known):
            yield f"an id of {person.user_id}"
        if any(_shows(each, PALETTE[person.colour]) for each in pictures):
            yield f"a picture of {person.user_id}"


async def snapshot(app: ASGIApp, person: Person) -> dict[str, Any]:
    """Return all that a user may list of theirs, by path."""
    answer = await answer_to(app, Call("GET", "/openapi.json", person.headers))
    paths = json.loads(answer.body)["paths"]
    listed = [path for path, kinds in paths.items() if "get" in kinds and "{" not in path]
    views = "/v1/objects/{object_id}/views"
    things = json.loads((await person.send(app, "GET", "/v1/objects")).body)
    ids = re.findall(_ID, json.dumps(things))
    listed += [views.format(object_id=each) for each in ids if views in paths]
    found = {}
    for path in listed:
        if path not in {"/v1/export", "/v1/library/search"}:  # a time; nothing was asked for
            answer = await person.send(app, "GET", path)
            found[path] = (answer.status, answer.body)
    return found


def _decoded(text: bytes) -> bytes:
    try:
        return base64.b64decode(text)
    except ValueError:
        return b""


def _shows(file: bytes, colour: tuple[int, int, int]) -> bool:
    if len(file) < 100:
        return False
    try:
        with Image.open(BytesIO(file)) as picture:
            pixels = np.asarray(picture.convert("RGB"), np.int16)
    except (OSError, ValueError, SyntaxError):
        return False
    near = (np.abs(pixels - np.array(colour)) < _NEAR).all(axis=2)
    return int(near.sum()) > _MUCH
