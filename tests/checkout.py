"""The benchmarks belong to a checkout: who imports this finds them, and is skipped where there are none."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
if not (ROOT / "benchmarks" / "gate.py").is_file():
    pytest.skip("the benchmarks belong to a checkout", allow_module_level=True)
sys.path.append(str(ROOT))  # at the end: the installed suite comes first
