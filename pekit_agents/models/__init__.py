"""The vision models, one family a file; :mod:`pekit_agents.profiles` puts them together."""
