"""The ``pekit`` command, one file for each group of its commands."""

from pekit_agents.cli.app import app, main

__all__ = ["app", "main"]
