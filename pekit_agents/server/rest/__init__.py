"""REST: the memory over HTTP, described by OpenAPI."""

from fastapi import APIRouter

__all__ = ["router"]

router = APIRouter(prefix="/v1")
