"""PeKit Agents: a visual memory of your own things for any vision-language agent.

Introduce an object with a few photos, find it in new ones, and prompt any LVLM about it by its
name; nothing is trained. Start with :class:`PeKit`.

Importing the package loads nothing heavy: each public name is loaded when it is first used. They
stand in ``__init__.pyi``.
"""

from pathlib import Path

import lazy_loader

# Installed, `tools/` and `retrievers/` lie in this folder; in a clone they lie beside it, and
# Python that is run there takes this folder, whatever else is installed.
if not (Path(__file__).parent / "tools").is_dir():
    __path__.append(str(Path(__file__).parents[1]))

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
