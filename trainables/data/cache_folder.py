"""Where this project keeps what can be made again: rendered data, and how images look. Creates nothing."""

import os
from pathlib import Path


def user_cache() -> Path:
    """`detection-search` in XDG_CACHE_HOME, or in ~/.cache."""
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "detection-search"
