"""The console: pages in which people see and teach the memory."""

from pathlib import Path

from fastapi import APIRouter
from starlette.staticfiles import StaticFiles

__all__ = ["router", "static_files"]

router = APIRouter(include_in_schema=False)


def static_files() -> StaticFiles:
    """Return the files that pages need, as an application."""
    return StaticFiles(directory=Path(__file__).parent / "static", check_dir=False)
