"""What the command line's light import of LanceDB leaves out is there when it is asked for."""

from __future__ import annotations

import json
import subprocess
import sys

CATALOGUE = "lance_namespace_urllib3_client"
LIGHTLY = "from pekit_agents.cli.lancedb_import import lighten_lancedb as light; light(); light()\n"


def told(*lines: str) -> object:
    """Run Python in a process of its own; return what its last line prints as JSON."""
    code = "import gc, json, sys\n" + "\n".join(lines)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    return json.loads(done.stdout)


def test_the_client_of_catalogues_is_imported_when_it_is_asked_for():
    before, after, version, same = told(
        LIGHTLY,
        "import lancedb, importlib.metadata as metadata",
        "def loaded(): return 'lance_namespace_urllib3_client.api' in sys.modules",
        "before = loaded()",
        "from lance_namespace_urllib3_client import TableApi, __version__ as version",
        "from lance_namespace_urllib3_client.api.table_api import TableApi as whole",
        "print(json.dumps([before, loaded(), version, TableApi is whole]))",
    )
    assert (before, after, same) == (False, True, True)
    assert version


def test_its_methods_still_refuse_what_is_no_request():
    errors = told(
        LIGHTLY,
        "import lancedb, pydantic",
        "from lance_namespace_urllib3_client import TableApi",
        "try:",
        "    TableApi(object()).drop_table(5)",
        "except pydantic.ValidationError as exc:",
        "    print(json.dumps([error['type'] for error in exc.errors()]))",
    )
    assert errors == ["string_type"]


def test_models_that_are_built_late_are_the_same():
    schemas = (
        "import lancedb, pydantic",
        "from lance_namespace_urllib3_client import TableApi",
        "def below(cls): return {cls}.union(*map(below, cls.__subclasses__()))",
        "def schema(cls):",
        "    try:",
        "        return cls.model_json_schema()",
        "    except pydantic.PydanticUserError as exc:",
        "        return exc.code",
        "print(json.dumps({f'{c.__module__}.{c.__qualname__}': schema(c) for c in "
        "below(pydantic.BaseModel) if c.__module__.startswith('lance')}))",
    )
    plain = told(*schemas)
    assert len(plain) > 100
    assert told(LIGHTLY, *schemas) == plain


def test_everything_else_is_as_before_once_it_is_imported():
    found = told(
        "import pydantic",
        "config = pydantic.BaseModel.model_config",
        "finders = list(sys.meta_path)",
        "try:",
        "    from overrides import override",
        "except ImportError:",
        "    override = None",
        LIGHTLY,
        "import lancedb",
        "left = [type(f).__module__ for f in sys.meta_path if f not in finders]",
        "class Model(pydantic.BaseModel): number: int",
        "print(json.dumps([left, pydantic.BaseModel.model_config is config,",
        "    Model.__pydantic_complete__, gc.isenabled(),",
        "    override is None or sys.modules['overrides'].override is override,",
        "    type(lancedb.__spec__.loader).__name__]))",
    )
    assert found[0] in ([], ["six"])
    assert found[1:] == [True, True, True, True, "SourceFileLoader"]


def test_a_program_that_is_not_the_command_line_imports_the_whole():
    assert told("import lancedb", f"print(json.dumps('{CATALOGUE}.api' in sys.modules))") is True
