"""What an operator watches: health, metrics and logs, without names or pictures."""

from pekit_agents.server.monitoring.health import router, warmed
from pekit_agents.server.monitoring.metrics import Metrics
from pekit_agents.server.monitoring.watching import Watched

__all__ = ["Metrics", "Watched", "router", "warmed"]
