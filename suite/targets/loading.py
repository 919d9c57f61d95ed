"""From a name to a library: a built-in target, a module, a file of one's own."""

import importlib
import importlib.util
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType

from suite.targets import built_in
from suite.targets.framework import Framework
from suite.targets.library import Library
from suite.targets.protocol import (
    TargetError,
)
from suite.targets.words import first_line

PLAIN = "numpy"  # the arrays that cross are NumPy's: a file that names no framework works on these


def load(target: str, device: str = "cpu", names: Sequence[str] = ()) -> Library:
    """A built-in target, a module path, or a user's file (never put on ``sys.path``).

    ``names`` are the names that concepts call; whatever else a module defines is its own affair.
    """
    module = _module(target)
    make = _framework(module, target)
    functions = {n: getattr(module, n) for n in names if callable(getattr(module, n, None))}
    vjps = {n: getattr(module, f"{n}_vjp") for n in names if callable(getattr(module, f"{n}_vjp", None))}
    if not functions:
        raise TargetError(f"{target} defines no function with a concept's name; `lawful concepts` lists them")
    base = getattr(module, "BASE", None)
    if base is None:
        return Library(target, make(device), functions, vjps)
    if base not in built_in():
        raise TargetError(f"{target}: BASE = {base!r}, must be one of {', '.join(built_in())}")
    other, own = load(base, device, names), make(device)
    if other.framework.name != own.name:
        raise TargetError(
            f"{target}: BASE = {base!r} works on {other.framework.name} arrays, FRAMEWORK is {own.name!r}"
        )
    inherited = frozenset(other.functions) - set(functions)
    vjps = {**{n: v for n, v in other.vjps.items() if n in inherited}, **vjps}
    return Library(target, own, {**other.functions, **functions}, vjps, base, inherited)


def framework(name: str, device: str = "cpu") -> Framework:
    """That of a built-in library."""
    made: Framework = _module(name).FRAMEWORK(device)
    return made


def _framework(module: ModuleType, target: str) -> Callable[[str], Framework]:
    """FRAMEWORK is a class of the module's own, or names a built-in one."""
    found = getattr(module, "FRAMEWORK", PLAIN)
    if isinstance(found, str) and found in built_in():
        return partial(framework, found)
    if not isinstance(found, type):
        raise TargetError(f"{target}: FRAMEWORK = {found!r}, must be one of {', '.join(built_in())}")
    made: Callable[[str], Framework] = found
    return made


def _module(target: str) -> ModuleType:
    try:
        if target in built_in():
            return importlib.import_module(f"suite.targets.{target}")
        if target.endswith(".py") or "/" in target:
            return _from_file(Path(target))
        return importlib.import_module(target)
    except TargetError:
        raise
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if missing in built_in():
            raise TargetError(f"{missing} is not installed: pip install 'lawful[{missing}]'") from error
        if missing and f"{target}.".startswith(f"{missing}."):
            raise TargetError(
                f"unknown target {target!r}: name {', '.join(built_in())}, a file ending in .py, "
                "or an importable module",
                usage=True,
            ) from error
        raise TargetError(f"{target} does not import: {first_line(error)}") from error
    except (Exception, SystemExit) as error:
        raise TargetError(f"{target} does not import: {type(error).__name__}: {first_line(error)}") from error


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        known = ", ".join(built_in())
        raise TargetError(f"{path}: no such file; --target takes {known}, a .py file or a module", usage=True)
    spec = importlib.util.spec_from_file_location(f"lawful_target_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise TargetError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
