#!/usr/bin/env bash
# openapi-python-client 0.29.1: an operation that takes two kinds of body cannot be imported.
#
# An OpenAPI document may give a request's body as JSON and as a form (`content` with two media
# types). The generated function takes `body: Thing | ThingForm | Unset = UNSET`, and its module
# imports `UNSET` alone, so that importing it raises a NameError. With any optional parameter beside
# the body, such as one of the query, `Unset` is imported for that and the module works. Seen with
# Python 3.11; generating says nothing of it.
#
# Fails when the module without a parameter can be imported, or the one with a parameter cannot.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    openapi-python-client==0.29.1 httpx==0.28.1 attrs==26.1.0 ruff==0.16.0
cat > "$folder/document.py" <<'PYTHON'
import json, sys

def thing():
    properties = {"name": {"type": "string"}}
    return {"type": "object", "properties": properties, "required": ["name"]}

content = {
    "application/json": {"schema": {"$ref": "#/components/schemas/Thing"}},
    "multipart/form-data": {"schema": {"$ref": "#/components/schemas/ThingForm"}},
}
paths = {}
for name in ("alone", "beside"):
    operation = {
        "operationId": name,
        "requestBody": {"required": True, "content": content},
        "responses": {"204": {"description": "kept"}},
    }
    if name == "beside":
        operation["parameters"] = [{"name": "note", "in": "query", "schema": {"type": "string"}}]
    paths[f"/{name}"] = {"post": operation}
document = {
    "openapi": "3.1.0",
    "info": {"title": "Things", "version": "1"},
    "paths": paths,
    "components": {"schemas": {"Thing": thing(), "ThingForm": thing()}},
}
json.dump(document, sys.stdout)
PYTHON
"$folder/venv/bin/python" "$folder/document.py" > "$folder/document.json"
PATH="$folder/venv/bin:$PATH" "$folder/venv/bin/openapi-python-client" generate \
    --path "$folder/document.json" --output-path "$folder/client" > /dev/null
cd "$folder/client"
imported() {
    "$folder/venv/bin/python" -c "import things_client.api.default.$1" 2>&1 | tail -n 1
}
alone=$(imported alone) beside=$(imported beside)
echo "body alone: ${alone:-imported}"
echo "with a parameter: ${beside:-imported}"
grep -q "^NameError: name 'Unset' is not defined" <<< "$alone" && [ -z "$beside" ]
