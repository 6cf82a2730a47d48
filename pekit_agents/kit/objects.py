"""What a kit does with the memory alone: looking up, changing, moving and forgetting.

No vision tool is run here.
"""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any

from pekit_agents.errors import InvalidInput, ObjectNotFound
from pekit_agents.introduction.views import MAX_VIEWS
from pekit_agents.kit.arguments import a_path, a_text
from pekit_agents.owner_text import clean_category, clean_context, clean_name

if TYPE_CHECKING:
    from pekit_agents.memory import Memory
    from pekit_agents.types import FloatArray, OnConflict, PersonalObject, StoredView

__all__ = ["Objects"]


class Objects:
    """The part of :class:`~pekit_agents.kit.kit.PeKit` that needs no vision.

    A ``ref`` is an object's name or id. Methods that take one raise ``ObjectNotFound`` when no
    object has it and ``AmbiguousName`` when several have that name; methods that write raise
    ``WriteConflict`` when other writers won every time, and ``MemoryStoreError`` when the memory
    cannot be written. Nothing was changed then.
    """

    _memory: Memory

    def objects(self) -> list[PersonalObject]:
        """Return everything remembered, the oldest first."""
        return list(self._memory.objects())

    def version(self) -> int:
        """Return a number that is another one whenever anything remembered has changed."""
        return self._memory.version()

    def get(self, ref: str) -> PersonalObject:
        """Return one object by its name or id."""
        return self._memory.resolve(ref)

    def views(self, ref: str) -> list[StoredView]:
        """Return the views of an object, the oldest first, with their crops if these are kept."""
        return list(self._memory.get(self._memory.resolve(ref).object_id).views)

    def most_alike_view(self, ref: str, vector: FloatArray) -> tuple[StoredView, float]:
        """Return the view of an object that is most like a region, and the cosine of the two.

        It shows a person why the region was taken for the object.

        Args:
            ref: The object's name or id.
            vector: (D,) float32 of unit length, as in :attr:`Match.vector`.
        """
        record = self._memory.get(self._memory.resolve(ref).object_id)
        cosines = record.vectors @ vector
        best = int(cosines.argmax())
        return record.views[best], float(cosines[best])

    def update(
        self,
        ref: str,
        *,
        name: str | None = None,
        category: str | None = None,
        context: str | None = None,
        expected: PersonalObject | None = None,
    ) -> PersonalObject:
        """Change what is known about an object; what is not given stays.

        The old texts can be found on the disk until :meth:`purge`, or until anything is
        forgotten.

        Args:
            ref: The object's name or id.
            name: What its owner calls it now; unique within the memory, whatever its case and
                accents.
            category: What it is.
            context: Anything to know about it when answering.
            expected: The object as it was shown to whoever made the change. If its name,
                category or context is another by now, nothing is written, so that one of two
                editors does not undo what the other wrote.

        Raises:
            InvalidInput: A text is empty or too long, or nothing is given.
            ObjectExists: The new name is taken.
            ObjectChanged: The object is not ``expected`` any more.
        """
        if name is None and category is None and context is None:
            raise InvalidInput("expected a new name, category or context, found none of them")
        return self._memory.update(
            self._memory.resolve(ref).object_id,
            name=None if name is None else clean_name(name),
            category=None if category is None else clean_category(category),
            context=None if context is None else clean_context(context),
            expected=expected,
            unique_name=True,
        )

    def remove_view(self, ref: str, view_id: str) -> PersonalObject:
        """Remove one view of an object; its vector and crop leave the disk.

        Args:
            ref: The object's name or id.
            view_id: Which view, see :meth:`views`.

        Returns:
            The object with the views that are left.

        Raises:
            ObjectNotFound: There is no such object or view.
            InvalidInput: It is the last view; forget the object instead.
        """
        return self._memory.remove_view(
            self._memory.resolve(ref).object_id, a_text("the id of a view", view_id)
        )

    def merge(self, ref_into: str, ref_from: str) -> PersonalObject:
        """Make one object of two that are the same thing.

        All views of the second go to the first, which keeps its texts; the second is forgotten,
        its name and context leave the disk.

        Returns:
            The first object with all views.

        Raises:
            InvalidInput: Both are one object, or it would hold too many views.
        """
        into, gone = self._memory.resolve(ref_into), self._memory.resolve(ref_from)
        return self._memory.merge(into.object_id, gone.object_id, at_most=MAX_VIEWS)

    def forget(self, ref: str) -> PersonalObject:
        """Forget an object for good: its vectors, crops, name and context leave the disk.

        Looks at it go with it where they were noted as what other objects are not, and in the
        review queue. Where a call before was interrupted, or failed to erase the bytes, repeating
        it finishes it.

        Returns:
            What was forgotten.

        Raises:
            MemoryStoreError: Nothing was changed; or the object is gone and bytes of it are still
                on the disk, which the message says.
        """
        try:
            obj = self._memory.resolve(ref)
        except ObjectNotFound:
            return self._memory.finish_forgetting(ref)
        self._memory.delete(obj.object_id)
        return obj

    def forget_everything(self) -> bool:
        """Forget all objects of this user: nothing of theirs is left below the directory.

        The kit stays usable, and so do others that have this memory open: it is empty now.
        :func:`pekit_agents.memory.forget_user` does the same for a memory that cannot be opened.

        Returns:
            Whether there was anything.
        """
        return self._memory.forget_everything()

    def purge(self) -> None:
        """Remove from disk every byte that is in no object as it is now.

        :meth:`forget`, :meth:`remove_view` and :meth:`merge` do so by themselves; after
        :meth:`update` it removes the texts that were replaced. A memory at a ``db://`` URI is
        refused: its files are the service's.
        """
        self._memory.purge()

    def export(self, path: str | PathLike[str], *, overwrite: bool = False) -> dict[str, Any]:
        """Write everything remembered to one file, which :meth:`import_memory` reads.

        The file holds all texts, vectors and kept crops, and is readable by its owner only.
        Forgetting does not reach it.

        Returns:
            What the file says about itself: format, encoder, counts and time.

        Raises:
            InvalidInput: The file is there already, or its folder is not.
        """
        return self._memory.export(a_path(path), overwrite=overwrite)

    def import_memory(
        self, path: str | PathLike[str], *, on_conflict: OnConflict = "error"
    ) -> list[PersonalObject]:
        """Take over the objects of an export: all of them in one step, or none.

        Args:
            path: What :meth:`export` wrote, for this user or another.
            on_conflict: What to do with an object whose name or id is taken: ``"error"`` imports
                nothing, ``"skip"`` leaves it out, ``"replace"`` forgets the one that is here,
                ``"rename"`` gives it another id and a name such as "Ruby (2)".

        Returns:
            The objects that came in.

        Raises:
            InvalidInput: The file is none, damaged or truncated.
            EncoderMismatch: Its vectors are those of another encoder.
            ObjectExists: A name or id is taken, and conflicts are errors.
        """
        return list(self._memory.import_file(a_path(path), on_conflict=on_conflict))
