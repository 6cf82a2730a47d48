"""``target_of``: where the results of many photos go, as JSON, JSONL, CSV and pictures."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import typer

from pekit_agents.cli.new_files import require_new_file
from pekit_agents.cli.output import say, shown
from pekit_agents.errors import InvalidInput
from pekit_agents.wording.messages import counted

if TYPE_CHECKING:
    from pekit_agents.types import RGBImage

__all__ = ["Form", "FormOption", "Pictures", "Records", "Target", "target_of"]

Form: TypeAlias = Literal["table", "json", "jsonl", "csv"]
FormOption = Annotated[
    Form | None,
    typer.Option(
        "--format",
        "-f",
        case_sensitive=False,
        help="table for people; json, jsonl (a line for each photo) or csv for machines",
    ),
]
_OF_FILES: Mapping[str, Form] = {".json": "json", ".jsonl": "jsonl", ".csv": "csv"}
_OF_PICTURES = (".png", ".jpg", ".jpeg", ".webp")


class Records:
    """Writes one record for each photo, as they come.

    Args:
        form: In which form.
        columns: Of a CSV.
        file: Where to.
        several: Whether JSON is a list, or the record of the one photo.
    """

    def __init__(self, form: Form, columns: Sequence[str], file: IO[str], several: bool) -> None:
        self.form, self.written = form, 0
        self._file, self._several = file, several
        self._kept = list[Mapping[str, Any]]()
        self._csv = csv.DictWriter(
            file, columns, restval="", extrasaction="ignore", lineterminator="\n"
        )
        if form == "csv":
            self._csv.writeheader()

    def put(self, record: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
        """Write what became of a photo.

        Args:
            record: As JSON has it.
            rows: As a CSV has it: by the names of its columns.
        """
        self.written += 1
        if self.form == "csv":
            self._csv.writerows(rows)
        elif self.form == "jsonl":
            self._file.write(json.dumps(record, ensure_ascii=False) + "\n")
        else:
            self._kept.append(record)
        self._file.flush()

    def close(self) -> None:
        """Write what was kept for the end."""
        if self.form == "json" and (self._several or self._kept):
            value = self._kept if self._several else self._kept[0]
            self._file.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


class Pictures:
    """Writes one picture for each photo, to a file or below a folder.

    Args:
        out: The file of the one photo, or the folder; None writes nothing.
        several: Whether it is a folder.
        force: Whether files that are there are replaced.

    Raises:
        InvalidInput: It cannot be written, or should not.
    """

    def __init__(self, out: Path | None, several: bool, force: bool) -> None:
        self._out, self._several, self._force = out, several, force
        self._given = set[Path]()
        if out is None:
            return
        if several:
            if out.suffix.lower() in _OF_PICTURES or out.is_file():
                raise InvalidInput(
                    f"expected --out with a folder for the pictures of several photos, found {out}"
                )
        else:
            require_new_file(out, "out", force=force)

    def save(self, picture: RGBImage, name: Path) -> Path | None:
        """Write a picture.

        Args:
            picture: Which one.
            name: What its photo is called below a folder.

        Returns:
            Where it is; None where no pictures are wanted.

        Raises:
            InvalidInput: It cannot be written, or is there already.
        """
        if self._out is None:
            return None
        path = self._place(name) if self._several else self._out
        if self._several and path.exists() and not self._force:
            raise InvalidInput(f"{path} is there already; give another --out or add --force")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            picture.save(path)
        except OSError as exc:
            raise InvalidInput(f"{path} cannot be written: {exc.strerror or exc}") from exc
        return path

    def _place(self, name: Path) -> Path:
        """Return a file for a photo, another one for each: photos of two folders share names."""
        assert self._out is not None  # noqa: S101
        number, path = 1, (self._out / name).with_suffix(".png")
        while path in self._given:
            number += 1
            path = (self._out / name).with_name(f"{name.stem}-{number}.png")
        self._given.add(path)
        return path


class Target:
    """Where the results of a command go: records to the terminal or a file, pictures to files.

    Attributes:
        form: How records are written.
        pictures: Where pictures go.
    """

    def __init__(self, form: Form, file: Path | None, pictures: Pictures, several: bool) -> None:
        self.form, self.pictures = form, pictures
        self._file, self._several = file, several

    @contextmanager
    def records(self, columns: Sequence[str]) -> Iterator[Records]:
        """Open what records are written with; what was written before an error stays.

        Raises:
            InvalidInput: The file cannot be written.
        """
        try:
            file = sys.stdout if self._file is None else self._file.open("w", -1, "utf-8", None, "")
        except OSError as exc:
            raise InvalidInput(f"{self._file} cannot be written: {exc.strerror}") from exc
        records = Records(self.form, columns, file, self._several)
        try:
            yield records
        finally:
            records.close()
            if self._file is not None:
                file.close()
                say(f"Wrote {counted(records.written, 'photo')} to {shown(self._file)}.")


def target_of(
    out: Path | None, form: Form | None, as_json: bool, *, several: bool, force: bool
) -> Target:
    """Return where results go by the options of a command.

    Args:
        out: A picture of one photo, a folder for those of several, or a file of records.
        form: How records are written; None for what ``out`` says, else a table.
        as_json: Whether ``--json`` is given, which is ``--format json``.
        several: Whether there may be several photos.
        force: Whether files that are there are replaced.

    Raises:
        typer.BadParameter: Two formats are asked for.
        InvalidInput: ``out`` cannot be written, or should not.
    """
    asked: set[Form] = {each for each in (form, "json" if as_json else None) if each}
    suffix = "" if out is None else out.suffix.lower()
    if suffix not in _OF_FILES:
        if out is not None and not several and suffix not in _OF_PICTURES:
            raise InvalidInput(
                f"expected --out with .png, .jpg or .webp, or with .csv, .jsonl or .json for the "
                f"results, found {str(out)!r}"
            )
        pictures = Pictures(out, several, force)
        return Target(_only(asked or {"table"}), None, pictures, several)
    asked.add(_OF_FILES[suffix])
    Pictures(out, False, force)  # the same is asked of a file of records
    return Target(_only(asked), out, Pictures(None, several, force), several)


def _only(asked: set[Form]) -> Form:
    if len(asked) > 1:
        raise typer.BadParameter(f"expected one format, found {' and '.join(sorted(asked))}")
    (form,) = asked
    return form
