"""A photo library: photos and clips are encoded once and searched for ever after.

What is stored of them is its regions and their vectors, not what was recognised. Comparing
them with the memory is cheap and happens in each search, so an object that is remembered later
is found in photos and clips that were indexed long before.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import partial
from numbers import Integral
from typing import TYPE_CHECKING, Unpack

from pekit_agents.errors import EncoderMismatch, InvalidInput, PeKitError
from pekit_agents.images.leaving_out import leaving_out
from pekit_agents.kit.kit import PeKit
from pekit_agents.memory.place.forgetting import forget_place
from pekit_agents.memory.place.place import require_files_at, user_place
from pekit_agents.memory.table.transactions import Transactions
from pekit_agents.retrieval.regions import require_mode
from pekit_agents.retrievers.photo_library.asking import Asked, asked_for
from pekit_agents.retrievers.photo_library.clips import as_clip, content_of, indexed_clip
from pekit_agents.retrievers.photo_library.found import FoundClip, FoundPhoto, InClip
from pekit_agents.retrievers.photo_library.indexing import (
    IndexReport,
    PhotoProgress,
    Tally,
    check_id,
    check_unseen,
    opened,
    pairs_of,
    shown_id,
)
from pekit_agents.retrievers.photo_library.regions import RegionScan
from pekit_agents.retrievers.photo_library.showing import showing, strength
from pekit_agents.retrievers.photo_library.table import (
    Photo,
    delete_photos,
    photo_schema,
    put_rows,
    to_rows,
)
from pekit_agents.retrievers.text_search import TextSearch
from pekit_agents.video.clips import Clip

if TYPE_CHECKING:
    import pyarrow as pa
    from lancedb.table import Table

    from pekit_agents.images.loading import ImageSource, LoadedPhoto
    from pekit_agents.profiles import Profile
    from pekit_agents.protocols import SearchMode
    from pekit_agents.tools.open_options import KitOptions
    from pekit_agents.types import Box, FloatArray, RGBImage

__all__ = ["FoundClip", "FoundPhoto", "InClip", "IndexReport", "PhotoLibrary", "PhotoNotFound"]

_BATCH = 16  # photos a commit: what the end of the process costs at most; a clip is one by itself


class PhotoNotFound(PeKitError, LookupError):
    """The library has no photo of that id."""


class PhotoLibrary:
    """The photos and clips of one user, searched by the personal objects in them.

    Safe to call from several threads and processes. Photos and clips themselves are not stored.

    Example:
        >>> library = PhotoLibrary.open("memory", user_id="ann")      # doctest: +SKIP
        >>> library.index((str(path), path) for path in list_photos("photos").photos)
        >>> library.search(["Biscuit", "my red mug"])
    """

    def __init__(self, kit: PeKit, transactions: Transactions) -> None:
        """Use :meth:`open`."""
        self._kit = kit
        self._transactions = transactions
        self._words, self._regions = TextSearch(), RegionScan()

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        user_id: str = "default",
        profile: str | Profile = "embedded",
        *,
        reindex: bool = False,
        **options: Unpack[KitOptions],
    ) -> PhotoLibrary:
        """Open the library of a user, which need not exist yet, beside the user's memory.

        Args:
            path: The directory that holds the memories of all users, or an ``s3://`` URI.
            user_id: Whose library.
            profile: A profile's name, or one's own.
            reindex: Whether a library of another encoder is emptied, to be indexed again with
                :meth:`index`; otherwise it is refused. The photos themselves are not stored.
            options: Of :meth:`PeKit.open`; ``keep_crops`` is for what is remembered through
                :attr:`kit`.

        Raises:
            InvalidInput: The user id is empty or too long, or the path is a ``db://`` URI.
            ProfileError: The profile is unknown or cannot be run here.
            EncoderMismatch: Memory or library were written with another encoder.
            MemoryStoreError: The directory cannot be used.
        """
        require_files_at(os.fspath(path), "A photo library")
        kit = PeKit.open(path, profile=profile, user_id=user_id, **options)
        encoder = kit.profile.encoder
        # A place of its own within the user's: the memory cleans up only its own files.
        storage = options.get("storage_options")
        place = user_place(os.fspath(path), user_id, storage).child("photos")
        transactions = Transactions(place, photo_schema(encoder.id, encoder.dim))
        try:
            transactions.read(lambda table: table)  # checks what is there
        except EncoderMismatch as exc:
            if not reindex:
                raise EncoderMismatch(
                    f"The photo library in {place} was indexed with another encoder, expected "
                    f"{encoder.id}. Open it with reindex=True, which empties it, and index the "
                    "photos again, or open it with the encoder that wrote it."
                ) from exc
            forget_place(place)
        return cls(kit, transactions)

    @property
    def kit(self) -> PeKit:
        """The memory that photos are searched with."""
        return self._kit

    def index(
        self,
        photos: Iterable[tuple[str, ImageSource | Clip]],
        *,
        mode: SearchMode = "auto",
        progress: PhotoProgress | None = None,
    ) -> IndexReport:
        """Encode photos and clips and store their regions; what is there already is passed over.

        A path is a clip where its file begins like one, and bytes are where a :class:`Clip` says
        so. Of a clip the frames are searched that :meth:`PeKit.find_in_video` would search, and no
        more than 1000 are kept.

        An interrupted call goes on where it was when it is repeated; what it has encoded is
        stored, also when ``photos`` raises. What cannot be read or has no id is reported and left
        out; a file that is too large is not read for that.

        Args:
            photos: (photo id, photo or clip) pairs; may be a generator. A photo with a known id
                and a new content takes the old one's place, unless that was forgotten meanwhile. Of
                two photos with one id in one call the second is left out.
            mode: How hard to look, as for :meth:`PeKit.find`; ``"scene"`` finds more small
                things and takes longer. Photos that are there already stay as they are.
            progress: Called after each photo and each clip.

        Returns:
            What became of them.

        Raises:
            InvalidInput: These are no pairs, or the mode is not one.
            ProfileError: A model cannot be run.
            MemoryStoreError: The library cannot be written.
        """
        require_mode(mode)
        tally = Tally(progress)
        batch: list[Photo] = []
        contents = self._contents()
        there = frozenset(contents)
        try:
            for photo in self._encoded(photos, contents, tally, mode):
                batch.append(photo)
                if len(batch) == _BATCH or photo.looks is not None:
                    self._store(batch, there, tally)
        finally:  # what is encoded is stored, whatever ended the rest
            self._store(batch, there, tally)
        return tally.report()

    def search(self, names: Sequence[str], *, k: int = 20) -> list[FoundPhoto]:
        """Return the photos and clips that show, or may show, all of some personal objects.

        Args:
            names: Names or ids of remembered objects, at least one.
            k: The most to return.

        Returns:
            The photos, and each clip as a :class:`FoundClip`, the surest first: by the probability
            of the least sure object, or by its score where the profile knows no probabilities.
            ``[]`` when none shows them all.

        Raises:
            InvalidInput: There are no names, or ``k`` is below 1.
            ObjectNotFound: No remembered object has that name or id.
            AmbiguousName: Several objects have that name.
            MemoryStoreError: The library cannot be read.
        """
        if isinstance(names, str) or not names:
            raise InvalidInput(f"expected a list of one or more names, found {names!r}")
        wanted = {self._kit.get(name).object_id for name in names}
        return self._found(Asked([{object_id} for object_id in sorted(wanted)]), k)

    def search_text(self, query: str, *, k: int = 20) -> list[FoundPhoto]:
        """Return the photos and clips that a text asks for: "photos with Biscuit and my red mug".

        They show, or may show, all the objects that the text names, or with "or" any of them;
        with "not" or "without", none of those after it is named in them. Beside a name, a
        category does as well: "Ruby and the dog". Where the text names nothing, its words are
        looked up in names, categories and notes, and photos of any object that fits are returned.
        What else the text says is not looked for; :attr:`FoundPhoto.passed_over` repeats it.

        Args:
            query: Any text of at most 10,000 characters.
            k: The most to return.

        Raises:
            InvalidInput: ``k`` is below 1, the text is too long, says only what is not wanted, or
                is unclear: both "and" and "or", or "not" without a name after it.
            ObjectNotFound: Beside a known name the text has one that nothing is called.
            MemoryStoreError: The library cannot be read.
        """
        return self._found(asked_for(query, self._kit.objects(), self._words), k)

    def photo_ids(self) -> list[str]:
        """Return the ids of all photos and clips in the library, in alphabetical order."""
        return sorted(self._contents())

    def forget_photo(self, photo_id: str) -> None:
        """Remove what is stored of a photo or clip; afterwards no file of the library holds it.

        Repeating it finishes what was interrupted, or failed after the photo was gone.

        Raises:
            PhotoNotFound: There is no such photo.
            MemoryStoreError: The library cannot be written.
        """
        if photo_id not in self._contents():
            if self._transactions.finish():
                return
            raise PhotoNotFound(f"expected a photo of the library, found {photo_id!r:.80}")
        self._transactions.erase(lambda table, _: delete_photos(table, [photo_id]))

    def forget_all_but(self, photo_ids: Iterable[str]) -> list[str]:
        """Remove what is stored of photos and clips that are gone, as :meth:`forget_photo` does.

        Args:
            photo_ids: Those that are still there, indexed or not; at least one, as a folder
                without any is more likely one that could not be read.

        Returns:
            What was removed, in alphabetical order.

        Raises:
            InvalidInput: There is none, or it is a text instead of several.
            MemoryStoreError: The library cannot be written.
        """
        there = set() if isinstance(photo_ids, str) else set(photo_ids)
        if not there:
            raise InvalidInput(
                f"expected the ids of one or more photos that are still there, found "
                f"{photo_ids!r:.80}; forget_photo removes a single one"
            )
        gone = sorted(set(self._contents()) - there)
        if gone:
            self._transactions.erase(lambda table, _: delete_photos(table, gone))
        return gone

    def _store(self, batch: list[Photo], there: Collection[str], tally: Tally) -> None:
        """Store photos and empty the list of them.

        Args:
            batch: Which ones.
            there: The photos that the library had; who has gone since was forgotten.
            tally: Is told what is not stored for that.
        """
        photos = list(batch)
        batch.clear()  # not tried again if it fails
        if not photos:
            return
        changed = {photo.photo_id for photo in photos} & set(there)
        rows = to_rows(photos, self._schema)
        gone = self._transactions.commit(partial(put_rows, rows=rows, changed=changed))
        for photo_id in gone:
            tally.take_back(photo_id, "it was forgotten while it was indexed")

    def _encoded(
        self,
        photos: Iterable[tuple[str, ImageSource | Clip]],
        known: dict[str, str],
        tally: Tally,
        mode: SearchMode,
    ) -> Iterator[Photo]:
        seen: set[str] = set()
        for photo_id, given in pairs_of(photos):
            photo = None
            loaded: LoadedPhoto | Clip | None
            with leaving_out(partial(tally.add, shown_id(photo_id), "failed")):
                check_id(photo_id)
                source = as_clip(given)
                if isinstance(source, Clip):
                    loaded, content = source, content_of(source)
                else:
                    loaded, content = opened(source, known.get(photo_id), self._kit.limits)
                if loaded is None or known.get(photo_id) == content:
                    seen.add(photo_id)
                    tally.add(photo_id, "skipped")
                    continue
                check_unseen(photo_id, seen)
                photo = self._encode(photo_id, content, loaded, mode)
            if photo is not None:
                known[photo_id] = photo.content
                seen.add(photo_id)
                tally.add(photo_id, "indexed")
                yield photo

    def _encode(
        self, photo_id: str, content: str, loaded: LoadedPhoto | Clip, mode: SearchMode
    ) -> Photo:
        def propose(picture: LoadedPhoto | RGBImage) -> tuple[list[Box], FloatArray]:
            _, proposals, vectors = self._kit.propose(picture, mode=mode)
            return [proposal.box for proposal in proposals], vectors

        if isinstance(loaded, Clip):
            return indexed_clip(photo_id, loaded, content, propose)
        return Photo(photo_id, content, loaded.size_wh, *propose(loaded))

    def _contents(self) -> dict[str, str]:
        """Return photo id -> content hash of everything in the library."""

        def read(table: Table | None) -> dict[str, str]:
            if table is None:
                return {}
            rows = table.search().select(["photo_id", "content"]).to_arrow()
            pairs = zip(rows["photo_id"].to_pylist(), rows["content"].to_pylist(), strict=True)
            return dict(pairs)

        return self._transactions.read(read)

    def _found(self, asked: Asked, k: object) -> list[FoundPhoto]:
        """Return the photos that show what is asked for."""
        if isinstance(k, bool) or not isinstance(k, Integral) or k < 1:
            raise InvalidInput(f"expected k as a whole number of at least 1, found {k!r:.80}")
        if not asked.parts:
            return []
        may_show = self._kit.region_test(asked.wanted)

        def read(table: Table | None) -> list[FoundPhoto]:
            if table is None:
                return []
            photos = self._regions.photos(table, may_show)
            return list(showing(photos, asked, may_show, self._kit.match_regions))

        found = self._transactions.read(read)
        return sorted(found, key=_rank)[: int(k)]

    @property
    def _schema(self) -> pa.Schema:
        return self._transactions.schema


def _rank(photo: FoundPhoto) -> tuple[float, float, str]:
    return -strength(photo), -photo.score, photo.photo_id
