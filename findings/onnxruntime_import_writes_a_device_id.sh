#!/usr/bin/env bash
# ONNX Runtime 1.32.0 (Linux): importing it writes a device id and a queue of events into the
# user's cache folder, before anything could switch that off by a call.
#
# `ORT_DISABLE_TELEMETRY=1` in the environment before the import leaves nothing behind;
# `disable_telemetry_events()` after it comes too late. Nothing was seen to be sent.
#
# Fails when the import writes nothing any more, or when the variable does not stop it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check onnxruntime==1.32.0
written() { # what an import leaves below a fresh home, by name
    home="$folder/$1"
    mkdir -p "$home"
    env -u XDG_CACHE_HOME HOME="$home" "${@:2}"
    (cd "$home" && find . -type f -not -name '*.pyc' | sort)
}
import=("$folder/venv/bin/python" -c "import onnxruntime")
late=("$folder/venv/bin/python" -c "import onnxruntime as ort; ort.disable_telemetry_events()")
plain=$(written plain "${import[@]}")
called=$(written called "${late[@]}")
off=$(written off ORT_DISABLE_TELEMETRY=1 "${import[@]}")
echo "import alone leaves:"; echo "$plain"
echo "import, then disable_telemetry_events():"; echo "$called"
echo "with ORT_DISABLE_TELEMETRY=1: ${off:-nothing}"
[ -n "$plain" ] && [ -n "$called" ] && [ -z "$off" ]
