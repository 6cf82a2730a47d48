"""The memory M = {(E_p, (n_p, c_p))} of the paper's Eq. 3, kept on disk with LanceDB.

Each user has a table of their own with one row per object: its reference vectors E_p, name n_p
and context c_p. Searching happens on a read-only copy in RAM, the ``Snapshot``.
"""

from pekit_agents.memory.memory import Memory
from pekit_agents.memory.names import require_free
from pekit_agents.memory.place.forgetting import forget_user
from pekit_agents.memory.records import MemoryRecord
from pekit_agents.memory.search.gallery import Gallery
from pekit_agents.memory.search.snapshot import Snapshot
from pekit_agents.memory.search.stored_features import StoredFeatures

__all__ = [
    "Gallery",
    "Memory",
    "MemoryRecord",
    "Snapshot",
    "StoredFeatures",
    "forget_user",
    "require_free",
]
