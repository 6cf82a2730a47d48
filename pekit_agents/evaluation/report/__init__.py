"""Reports that a newcomer can read: what to choose, how sure that is, and which photos fail."""

from __future__ import annotations

from pekit_agents.evaluation.report.sheet import mistake_sheet
from pekit_agents.evaluation.report.writing import BUDGET, write_report

__all__ = ["BUDGET", "mistake_sheet", "write_report"]
