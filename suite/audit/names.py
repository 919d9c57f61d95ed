"""Requests that cannot be met."""

from suite.targets.words import nearest

__all__ = ["UsageError", "nearest"]


class UsageError(Exception):
    """A request that cannot be met as it was put: one sentence."""

    exit_code = 2
