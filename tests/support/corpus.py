"""Real robots' maps beside the project: they show real homes, and are never part of it."""

from pathlib import Path

import pytest

_SHARED = Path(__file__).parents[3] / "shared"
MAPS = _SHARED / "maps"
VALETUDO = sorted((_SHARED / "valetudo" / "maps").glob("*.json"))

needs_maps = pytest.mark.skipif(not MAPS.is_dir(), reason="no real maps in ../shared/maps")
needs_valetudo = pytest.mark.skipif(not VALETUDO, reason="no maps in ../shared/valetudo")
