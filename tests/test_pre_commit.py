"""Git runs before a commit what CI runs after it."""

from __future__ import annotations

from pathlib import Path

import yaml

CHECKOUT = Path(__file__).parents[1]


def test_hooks_are_lines_of_ci():
    """Word for word, so that a commit that passes here passes there."""
    config = yaml.safe_load((CHECKOUT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    hooks = [hook["entry"] for source in config["repos"] for hook in source["hooks"]]

    lines = (CHECKOUT / ".ci" / "run").read_text(encoding="utf-8").splitlines()

    assert len(hooks) == 5
    assert [hook for hook in hooks if hook not in lines] == []
