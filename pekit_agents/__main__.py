"""``python -m pekit_agents`` is ``pekit``."""

from pekit_agents.cli import main

main()
