#!/usr/bin/env bash
# LanceDB 0.40.0: a process that keeps a table open grows with every version that it writes.
#
# The session that a connection gets by default caches the metadata of each version. One row that
# `merge_insert` replaces 1,000 times does not come near the cache's limit: seen were 15 and 14 MB
# more in each half, on Linux with Python 3.11, and more with more columns. With
# `lancedb.Session(metadata_cache_size_bytes=4 MiB)` it was 7 MB, then nothing.
#
# Fails when the default stays flat, or when the small cache does not.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    lancedb==0.40.0 pyarrow==26.0.1 numpy==2.4.6
cat > "$folder/grow.py" <<'PYTHON'
import gc, sys
import lancedb
import pyarrow as pa

def resident_mb():
    gc.collect()
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))

small = sys.argv[2] == "small"
session = lancedb.Session(index_cache_size_bytes=2**20, metadata_cache_size_bytes=4 * 2**20) if small else None
columns = [f"words_{number}" for number in range(12)]
fields = [("id", pa.string()), ("vectors", pa.list_(pa.list_(pa.float32(), 256)))]
schema = pa.schema([*fields, *((name, pa.list_(pa.string())) for name in columns)])

def rows(number):
    row = {"id": "a", "vectors": [[float(number)] * 256], **{name: ["word"] for name in columns}}
    return pa.Table.from_pylist([row], schema)

table = lancedb.connect(sys.argv[1], session=session).create_table("t", rows(0))
seen = []
for number in range(1001):
    table.merge_insert("id").when_matched_update_all().execute(rows(number))
    if number in (0, 500, 1000):
        seen.append(resident_mb())
print(f"{seen[1] - seen[0]:.0f} {seen[2] - seen[1]:.0f}")
PYTHON
read -r first second < <("$folder/venv/bin/python" "$folder/grow.py" "$folder/default" default)
read -r small_first small_second < <("$folder/venv/bin/python" "$folder/grow.py" "$folder/small" small)
echo "default session: $first MB, then $second MB more in 500 writes each"
echo "metadata cache of 4 MiB: $small_first MB, then $small_second MB more"
[ "$second" -ge 7 ] && [ "$small_second" -le 3 ]
