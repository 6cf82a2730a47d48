#!/usr/bin/env bash
# FastAPI 0.165.0: a response class with a media type of its own turns a declared model into a text.
#
# An operation that streams lines of JSON declares the model of a line in `responses={200: ...}` and
# a `StreamingResponse` with the media type application/x-ndjson as its response class. In the
# OpenAPI the schema then holds `"type": "string"` beside the `$ref` of the model, so that a client
# that validates, or is generated, takes each line for a text that is an object: nothing is. With a
# response class without a media type the `$ref` stands alone. Seen with Python 3.11.
#
# Fails when the `$ref` stands alone in both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    fastapi==0.165.0 starlette==1.10.0 pydantic==2.14.3
cat > "$folder/look.py" <<'PYTHON'
import json
from fastapi import FastAPI
from pydantic import BaseModel
from starlette.responses import StreamingResponse

class Line(BaseModel):
    number: int

class Lines(StreamingResponse):
    media_type = "application/x-ndjson"

app = FastAPI()
ref = {"$ref": "#/components/schemas/Line"}
told = {200: {"content": {"application/x-ndjson": {"schema": ref}}}}

for path, kind in (("/own", Lines), ("/plain", StreamingResponse)):
    app.get(path, response_class=kind, responses=told)(lambda: None)

paths = app.openapi()["paths"]
for path in ("/own", "/plain"):
    content = paths[path]["get"]["responses"]["200"]["content"]
    print(path, json.dumps(content["application/x-ndjson"]["schema"]))
PYTHON
seen=$("$folder/venv/bin/python" "$folder/look.py")
echo "$seen"
grep -q '^/own .*"type": "string"' <<< "$seen" && ! grep -q '^/plain .*"type"' <<< "$seen"
