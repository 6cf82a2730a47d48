"""A stand-in for LanceDB Cloud: what LanceDB's own client asks of it, on tables of a real LanceDB.

It was written from the requests that the client of lancedb 0.40 makes. How the service itself
answers is not known here.
"""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import lancedb
import pyarrow as pa

KEY = "sk_the-right-one"
_ARROW = "application/vnd.apache.arrow.file"
_TYPES = {
    pa.string(): "string",
    pa.binary(): "binary",
    pa.int32(): "int32",
    pa.int64(): "int64",
    pa.float32(): "float",
    pa.timestamp("us", "UTC"): "timestamp:us:UTC",
}


class CloudServer:
    """Databases below a folder, each with the tables of its own.

    Attributes:
        options: The ``storage_options`` to reach it.
        requests: The path of each request, and its body as text.
    """

    def __init__(self, folder):
        self.folder = folder
        self.requests = []
        self.lock = threading.Lock()
        self.running = True
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        self.options = {
            "api_key": KEY,
            "region": "us-east-1",
            "host_override": f"http://127.0.0.1:{self._http.server_port}",
        }

    def database(self, name="things"):
        """Return the LanceDB that the tables of a database lie in."""
        return lancedb.connect(self.folder / name)

    def stop(self):
        """Answer nothing any more."""
        self.running = False
        self._http.shutdown()
        self._http.server_close()

    def answer(self, headers, path, body):
        """Return (status, content type, content)."""
        self.requests.append((path, body.decode("utf-8", "replace")))
        if headers.get("x-api-key") != KEY:
            return 401, "text/plain", b"Unauthorized: unknown API key"
        url = urlsplit(path)
        name, verb = re.fullmatch(r"/v1/table/([^/]+)/(\w+)/", url.path).groups()
        asked = {key: values[0] for key, values in parse_qs(url.query).items()}
        database = self.database(headers["x-lancedb-database"])
        with self.lock:
            there = (self.folder / headers["x-lancedb-database"] / f"{name}.lance").exists()
            if verb == "create":
                if there and asked["mode"] == "create":
                    return 400, "text/plain", f"table {name} already exists".encode()
                rows = pa.ipc.open_stream(body).read_all()
                database.create_table(name, rows, mode=asked["mode"])
                return _json({})
            if not there:
                return 404, "text/plain", f"table {name} not found".encode()
            if verb == "drop":
                database.drop_table(name)
                return _json({})
            table = database.open_table(name)
            if verb == "merge_insert":
                return _merge(table, asked, body)
            return _VERBS[verb](table, json.loads(body or b"{}"))


def _json(content):
    return 200, "application/json", json.dumps(content).encode()


def _describe(table, _):
    return _json({"table": table.name, "version": table.version, "schema": _schema(table.schema)})


def _count(table, asked):
    return _json(table.count_rows(asked.get("predicate")))


def _query(table, asked):
    assert asked["vector"] == []
    assert asked["version"] is None
    query = table.search().limit(min(asked["k"], 2**31 - 1))
    if asked.get("filter"):
        query = query.where(asked["filter"], prefilter=asked["prefilter"])
    if asked.get("columns"):
        query = query.select(asked["columns"])
    rows = query.with_row_id(asked.get("with_row_id", False)).to_arrow()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, rows.schema) as file:
        file.write_table(rows)
    return 200, _ARROW, sink.getvalue().to_pybytes()


def _delete(table, asked):
    result = table.delete(asked["predicate"])
    return _json({"version": result.version, "num_deleted_rows": result.num_deleted_rows})


def _merge(table, asked, body):
    merge = table.merge_insert(asked["on"])
    if asked["when_matched_update_all"] == "true":
        merge = merge.when_matched_update_all(where=asked.get("when_matched_update_all_filt"))
    if asked["when_not_matched_insert_all"] == "true":
        merge = merge.when_not_matched_insert_all()
    if asked["when_not_matched_by_source_delete"] == "true":
        merge = merge.when_not_matched_by_source_delete(
            asked.get("when_not_matched_by_source_delete_filt")
        )
    result = merge.execute(pa.ipc.open_stream(body).read_all())
    counts = ("version", "num_updated_rows", "num_inserted_rows", "num_deleted_rows")
    return _json({count: getattr(result, count) for count in counts})


_VERBS = {"describe": _describe, "count_rows": _count, "query": _query, "delete": _delete}


def _schema(schema):
    fields = [_field(field) for field in schema]
    return {"fields": fields, "metadata": _texts(schema.metadata)}


def _field(field):
    found = {"name": field.name, "nullable": field.nullable, "type": _type(field.type)}
    return {**found, "metadata": _texts(field.metadata)} if field.metadata else found


def _type(kind):
    if pa.types.is_fixed_size_list(kind):
        items = [_field(kind.value_field)]
        return {"type": "fixed_size_list", "fields": items, "length": kind.list_size}
    if pa.types.is_list(kind):
        return {"type": "list", "fields": [_field(kind.value_field)]}
    return {"type": _TYPES[kind]}


def _texts(metadata):
    return {key.decode(): value.decode() for key, value in (metadata or {}).items()}


def _handler(server):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # an answer goes out in one piece

        def do_POST(self):
            if not server.running:
                self.close_connection = True
                return
            try:
                status, kind, content = server.answer(self.headers, self.path, self._body())
            except Exception as exc:  # noqa: BLE001 - the client shows what it was
                status, kind, content = 400, "text/plain", repr(exc).encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _body(self):
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length", 0)))
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)

        def log_message(self, *_):
            pass

    return Handler
