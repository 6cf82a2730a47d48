"""``lighten_lancedb``: LanceDB is imported in half the time, in the process of one command.

Half of its import builds what this toolkit never uses: a client of REST catalogues, a validator
for each request of one, and on Python before 3.12 a check of each ``@override``. Here the client
is imported when it is first asked for, a validator is built when it first validates, and
``@override`` marks a method and checks nothing, as it does on later versions of Python.
"""

from __future__ import annotations

import gc
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

__all__ = ["lighten_lancedb"]

_CATALOGUE = "lance_namespace_urllib3_client"


def lighten_lancedb() -> None:
    """Have the first ``import lancedb`` of this process build only what is used."""
    if "lancedb" not in sys.modules:
        sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    """Finds LanceDB where Python does, and nothing else."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != "lancedb":
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _LightLoader(spec.loader)
        return spec


class _LightLoader(Loader):
    """Loads a module as another loader does, while :func:`_building_less`."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = module.__loader__ = self._loader
        sys.meta_path[:] = [each for each in sys.meta_path if not isinstance(each, _Finder)]
        with _building_less():
            self._loader.exec_module(module)


@contextmanager
def _building_less() -> Iterator[None]:
    _import_when_asked(_CATALOGUE)
    collecting = gc.isenabled()
    gc.disable()  # nothing that an import makes is garbage
    try:
        with _validators_built_late(), _overrides_unchecked():
            yield
    finally:
        gc.freeze()
        if collecting:
            gc.enable()


def _import_when_asked(package: str) -> None:
    """Have a package run its own file when a name of it is asked for; its modules are as ever."""
    spec = None if package in sys.modules else importlib.util.find_spec(package)
    if spec is None or spec.loader is None:
        return
    loader, module = spec.loader, importlib.util.module_from_spec(spec)

    def load(name: str) -> Any:
        vars(module).pop("__getattr__", None)
        loader.exec_module(module)
        return getattr(module, name)

    vars(module)["__getattr__"] = load
    sys.modules[package] = module


@contextmanager
def _validators_built_late() -> Iterator[None]:
    try:
        from pydantic import BaseModel
    except ImportError:
        yield
        return
    before = BaseModel.model_config
    BaseModel.model_config = {**before, "defer_build": True}
    try:
        yield
    finally:
        BaseModel.model_config = before


@contextmanager
def _overrides_unchecked() -> Iterator[None]:
    try:
        overrides = vars(importlib.import_module("overrides"))
        from typing_extensions import override
    except ImportError:
        yield
        return
    before = overrides["override"]
    overrides["override"] = override
    try:
        yield
    finally:
        overrides["override"] = before
