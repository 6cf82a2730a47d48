"""THREAT_MODEL.md names tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_tests_it_names_exist():
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "THREAT_MODEL.md").read_text("utf-8")))
    defined = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)\(", path.read_text("utf-8"))
    }
    assert len(named) > 20
    assert named - defined == set()
