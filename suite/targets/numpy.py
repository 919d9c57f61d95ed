"""The target ``numpy``: the reference itself, which is audited like any other library."""

from reference import *  # noqa: F403 - a target is a module of functions; the reference is one

FRAMEWORK = "numpy"
