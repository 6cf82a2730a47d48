"""A memory as one file: a zip that holds ``manifest.json`` and ``objects.arrows``.

Both members are stored, not compressed, and the second is an Arrow IPC stream without
compression or dictionaries, in the columns of the layout that was current when it was written. So
what reading can take up is bounded by the size of the file, and nothing of it is ever run,
unpacked to disk or unpickled.
"""

from __future__ import annotations

import errno
import json
import struct
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn

import pyarrow as pa

from pekit_agents.errors import EncoderMismatch, InvalidInput, MemoryStoreError
from pekit_agents.files import atomic_write
from pekit_agents.memory.archive.flatbuffers import is_compressed
from pekit_agents.memory.records import MemoryRecord, to_records
from pekit_agents.memory.schema import SCHEMA_VERSION, encoder_of, table_schema
from pekit_agents.memory.validation import checked_record

if TYPE_CHECKING:
    from collections.abc import Iterable

FORMAT = "pekit-memory"
FORMAT_VERSION = 3
#: The layout of the columns in each format.
_LAYOUTS = {1: "2", 2: "3", FORMAT_VERSION: SCHEMA_VERSION}
_MANIFEST, _OBJECTS = "manifest.json", "objects.arrows"
_MAX_MANIFEST = 2**16
# What zip, JSON and Arrow raise on files that are not what they seem.
_DAMAGE: tuple[type[Exception], ...] = (
    zipfile.BadZipFile,
    pa.ArrowException,
    struct.error,
    EOFError,
    ValueError,
    KeyError,
    TypeError,
    RuntimeError,
    OverflowError,
)


def write_archive(
    path: Path,
    read: Callable[[Callable[[Iterable[pa.RecordBatch]], None]], None],
    schema: pa.Schema,
    *,
    overwrite: bool,
) -> dict[str, Any]:
    """Write an export in one step: the file is there whole or not at all.

    Args:
        path: The file.
        read: Hands all rows, in the current layout, to a function; again if it had to start over.
        schema: Their columns, and whose vectors they are.
        overwrite: Whether a file that is there may be replaced.

    Returns:
        The manifest.

    Raises:
        InvalidInput: The file is there already, or its folder is not.
        MemoryStoreError: It cannot be written.
    """
    if not path.parent.is_dir():
        raise InvalidInput(f"expected a folder to write {path.name} in, found none: {path.parent}")
    manifest: dict[str, Any] = {}
    with _put_in_place(path, overwrite=overwrite) as file:

        def write(batches: Iterable[pa.RecordBatch]) -> None:
            try:
                manifest.update(_write(file, batches, schema))
            except OSError as exc:
                if exc.errno in (None, errno.ENOENT):  # of the memory, which is read meanwhile
                    raise
                raise _not_written(path, exc) from exc

        read(write)
    return manifest


def _write(file: IO[bytes], batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> dict[str, Any]:
    file.seek(0)
    file.truncate()
    encoder_id, dim = encoder_of(schema)
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "encoder_id": encoder_id,
        "dim": dim,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "objects": 0,
        "views": 0,
        "crops": 0,
        "details": 0,
        "negatives": 0,
    }
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        with (
            archive.open(_OBJECTS, "w", force_zip64=True) as member,
            pa.ipc.new_stream(member, schema) as stream,
        ):
            for batch in batches:
                stream.write_batch(batch)
                crops, details = batch["crops"].flatten(), batch["details"].flatten()
                manifest["objects"] += len(batch)
                manifest["views"] += len(crops)
                manifest["crops"] += len(crops) - crops.null_count
                manifest["details"] += len(details) - details.null_count
                manifest["negatives"] += len(batch["negatives"].flatten())
        archive.writestr(_MANIFEST, json.dumps(manifest, indent=2))
    return manifest


def _not_written(path: Path, exc: OSError) -> MemoryStoreError:
    return MemoryStoreError(
        f"The export {path} could not be written: {exc.strerror}. "
        "Check that the disk has room and that the folder may be written, then try again."
    )


@contextmanager
def _put_in_place(path: Path, *, overwrite: bool) -> Iterator[IO[bytes]]:
    """Yield a file beside ``path`` that takes its place at the end; nothing is left otherwise."""
    try:
        # Readable by its owner alone, as what it holds is theirs.
        with atomic_write(path, shared=False, overwrite=overwrite, durable=True) as file:
            yield file
    except FileExistsError as exc:
        raise InvalidInput(
            f"{path} is there already, expected a new file; choose another or ask to overwrite it"
        ) from exc
    except OSError as exc:
        raise _not_written(path, exc) from exc


def read_archive(path: Path, *, encoder_id: str, dim: int) -> list[MemoryRecord]:
    """Read and check an export, which may come from anybody.

    Raises:
        InvalidInput: It is not there, no export, damaged, truncated or of a later format.
        EncoderMismatch: Its vectors are those of another encoder.
    """
    try:
        if not path.is_file():
            raise InvalidInput(f"expected the file of an export, found none at {path}")
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            members = _members(archive, path)
            manifest = _manifest(archive.read(members[_MANIFEST]), path)
            _check_encoder(manifest, path, encoder_id, dim)
            data = archive.read(members[_OBJECTS])
        layout = _LAYOUTS[manifest["format_version"]]
        records = _records(data, table_schema(encoder_id, dim, layout=layout), path)
    except InvalidInput:
        raise
    except OSError as exc:
        raise InvalidInput(f"{path} cannot be read: {exc.strerror or exc}") from exc
    except _DAMAGE as exc:
        _refuse(path, "a damaged or truncated file", exc)
    found = (len(records), sum(len(record.views) for record in records))
    expected = (manifest.get("objects"), manifest.get("views"))
    if found != expected:
        _refuse(path, f"{found} objects and views where its manifest says {expected}")
    if len({record.object.object_id for record in records}) != len(records):
        _refuse(path, "two objects of one id")
    return records


def _members(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    infos = archive.infolist()
    members = {info.filename: info for info in infos}
    if len(infos) != 2 or set(members) != {_MANIFEST, _OBJECTS}:
        _refuse(path, "a zip file with other contents")
    size = path.stat().st_size
    for info in infos:
        largest = _MAX_MANIFEST if info.filename == _MANIFEST else size
        # Stored members cannot be larger than the file, so nothing can unfold to a giant.
        if info.compress_type != zipfile.ZIP_STORED or info.file_size > largest:
            _refuse(path, f"its {info.filename} compressed or too large")
    return members


def _manifest(text: bytes, path: Path) -> dict[str, Any]:
    manifest = json.loads(text)
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        _refuse(path, "a manifest of something else")
    if manifest.get("format_version") not in _LAYOUTS:
        raise InvalidInput(
            f"{path} is an export of format {manifest.get('format_version')!r}, expected at most "
            f"{FORMAT_VERSION}; import it with the version of PeKit that wrote it"
        )
    return manifest


def _check_encoder(manifest: dict[str, Any], path: Path, encoder_id: str, dim: int) -> None:
    found = (manifest.get("encoder_id"), manifest.get("dim"))
    if found != (encoder_id, dim):
        raise EncoderMismatch(
            f"{path} was exported with encoder {found[0]} with dim {found[1]}, expected "
            f"{encoder_id} with dim {dim}; import it with the profile that it was made with. "
            "Nothing was imported."
        )


def _records(data: bytes, schema: pa.Schema, path: Path) -> list[MemoryRecord]:
    records = []
    messages = pa.ipc.MessageReader.open_stream(pa.BufferReader(data))
    first = next(messages, None)
    if first is None or first.type != "schema" or pa.ipc.read_schema(first) != schema:
        _refuse(path, "other columns than expected")
    for message in messages:
        if message.type != "record batch" or is_compressed(message.metadata.to_pybytes()):
            _refuse(path, "compressed or unknown data")
        batch = pa.ipc.read_record_batch(message, schema)
        batch.validate(full=True)
        try:
            records += [checked_record(record) for record in to_records(batch)]
        except InvalidInput as exc:
            _refuse(path, f"what cannot be remembered ({exc})", exc)
    return records


def _refuse(path: Path, found: str, cause: Exception | None = None) -> NoReturn:
    raise InvalidInput(
        f"{path}: expected a whole export of a memory, found {found}; nothing was imported. "
        "Export it again, or copy the file again."
    ) from cause
