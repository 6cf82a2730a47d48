"""``ort``: ONNX Runtime, imported with its telemetry switched off."""

from __future__ import annotations

import os

# From 1.32 on its import writes a device id and a queue of events into the user's cache, and
# what is called afterwards comes too late. Whoever has set the variable has decided.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime as ort

__all__ = ["ort"]
