"""From a name to a library: what a module declares, read and held to what can be declared."""

import importlib
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import ModuleType
from typing import Any

from suite.floats import FORMATS
from suite.targets import built_in, capability_variables
from suite.targets.fitted import fitted
from suite.targets.framework import Framework, Function
from suite.targets.library import Library
from suite.targets.modules import Source, found, uses
from suite.targets.others import another
from suite.targets.protocol import TargetError
from suite.targets.words import nearest

PLAIN = "numpy"  # the arrays that cross are NumPy's: a file that names no framework works on these
NAMESPACE = "array_api"  # the arrays of a library that follows the array API standard
VJP = "_vjp"


def compute_with(capability: str) -> None:
    """Ask libraries for an instruction set, before any is imported; processes that are started from here ask too."""
    if capability:
        os.environ.update(dict.fromkeys(capability_variables(), capability))


def load(target: str, device: str = "cpu", names: Sequence[str] = ()) -> Library:
    """A built-in target, a module path, or a user's file.

    ``names`` are the names that concepts call; whatever else a module defines is its own affair.
    """
    source = found(target)
    arrays = _framework(source.module, source.name)(device)
    if source.name in built_in():
        return _built_in(source, arrays, names)
    functions, vjps, renamed = _own(source, names)
    base = getattr(source.module, "BASE", None)
    lines = {n: source.lines(n, n in renamed) for n in (*functions, *(f"{v}{VJP}" for v in vjps))}
    for n, f in _of_namespace(source, arrays, names, functions).items():
        functions[n], lines[n] = f, tuple(arrays.defined(n, f))
    if not functions and base is None:
        raise TargetError(f"{source.name} defines no function with a concept's name; `lawful concepts` lists them")
    own = Library(
        source.name,
        arrays,
        {n: fitted(n, f, f"{source.name}.{n}") for n, f in functions.items()},
        {n: fitted(n, f, f"{source.name}.{n}{VJP}", seeded=True) for n, f in vjps.items()},
        dtypes=_dtypes(source, tuple(functions), names),
        sources=lines,
    )
    return own if base is None else _based(source, own, base, device, names)


def _of_namespace(
    source: Source, arrays: Framework, names: Sequence[str], own: Mapping[str, Function]
) -> dict[str, Function]:
    """What the array API has under other names; all of it where a file names a namespace and no function."""
    function = getattr(arrays, "function", None)
    if function is None or (own and not _is_namespace(source.module)):
        return {}
    wanted = [n for n in names if n not in own and n not in _excluded(source, names) and source.only in ("", n)]
    return {n: f for n in wanted if (f := function(n)) is not None}


def _is_namespace(module: ModuleType) -> bool:
    return hasattr(module, "__array_namespace_info__")


def framework(name: str, device: str = "cpu") -> Framework:
    """That of a built-in library."""
    made: Framework = found(name).module.FRAMEWORK(device)
    return made


def _built_in(source: Source, arrays: Framework, names: Sequence[str]) -> Library:
    """Its functions are called as they are: they are held to every call that a concept makes."""
    have = [n for n in names if not source.only or n == source.only]
    functions = {n: getattr(source.module, n) for n in have if callable(getattr(source.module, n, None))}
    vjps = {n: getattr(source.module, n + VJP) for n in have if callable(getattr(source.module, n + VJP, None))}
    if not functions:
        raise TargetError(f"{source.name} has no function {source.only!r}{nearest(source.only, names)}", usage=True)
    return Library(source.name, arrays, functions, vjps)


def _own(source: Source, names: Sequence[str]) -> tuple[dict[str, Function], dict[str, Function], frozenset[str]]:
    """The functions that a module defines, or names in CONCEPTS, and their derivatives; the names of that mapping."""
    told = _concepts(source, names)
    out = _excluded(source, names)
    every = (*names, *(n + VJP for n in names))
    there = {n: getattr(source.module, n, None) for n in every}
    have: dict[str, Function] = {n: f for n, f in there.items() if callable(f) and not another(f)}
    have |= told
    functions = {n: have[n] for n in names if n in have and n not in out}
    if source.only:
        alone = getattr(source.module, source.only, None)
        functions = {n: f for n, f in functions.items() if n == source.only or f is alone}
        if not functions:
            hint = "" if alone is None else ", or name it in CONCEPTS"
            raise TargetError(
                f"{source.name} has no concept's function {source.only!r}{nearest(source.only, names)}{hint}",
                usage=True,
            )
    return functions, {n: have[n + VJP] for n in functions if n + VJP in have}, frozenset(told)


def _concepts(source: Source, names: Sequence[str]) -> Mapping[str, Function]:
    told = getattr(source.module, "CONCEPTS", {})
    if not isinstance(told, Mapping):
        raise TargetError(f"{source.name}: CONCEPTS must be a mapping of names to functions", usage=True)
    for name, f in told.items():
        known(source, "CONCEPTS", "concept", str(name).removesuffix(VJP), names)
        if not callable(f):
            raise TargetError(f"{source.name}: CONCEPTS[{name!r}] = {f!r} is no function", usage=True)
    return told


def _excluded(source: Source, names: Sequence[str]) -> tuple[str, ...]:
    out = listed(source, "EXCLUDE", getattr(source.module, "EXCLUDE", ()))
    for name in out:
        known(source, "EXCLUDE", "concept", name, names)
    return out


def _dtypes(source: Source, functions: Sequence[str], names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """DTYPES: the formats of all functions, or of each that it names."""
    told: Any = getattr(source.module, "DTYPES", None)
    if told is None:
        return {}
    each = told if isinstance(told, Mapping) else dict.fromkeys(functions, told)
    out = {}
    for name, formats in each.items():
        known(source, "DTYPES", "concept", name, names)
        out[name] = listed(source, "DTYPES", formats)
        for dtype in out[name]:
            known(source, "DTYPES", "dtype", dtype, tuple(FORMATS))
    return out


def listed(source: Source, what: str, given: Any) -> tuple[str, ...]:
    """One name, or several."""
    several = (given,) if isinstance(given, str) else given
    if not isinstance(several, (tuple, list, set, frozenset)) or not all(isinstance(n, str) for n in several):
        raise TargetError(f"{source.name}: {what} has {given!r}: write names, in quotes", usage=True)
    return tuple(several)


def known(source: Source, where: str, what: str, name: object, legal: Sequence[str]) -> None:
    """A name that does not exist is answered with the nearest ones."""
    if name not in legal:
        raise TargetError(f"{source.name}: {where} has the unknown {what} {name!r}{nearest(str(name), legal)}", True)


def _based(source: Source, own: Library, base: object, device: str, names: Sequence[str]) -> Library:
    """What the file does not define comes from a built-in target."""
    if base not in built_in():
        raise TargetError(f"{source.name}: BASE = {base!r}, must be one of {', '.join(built_in())}")
    other, out = load(str(base), device, names), _excluded(source, names)
    if other.framework.name != own.framework.name:
        raise TargetError(
            f"{source.name}: BASE = {base!r} works on {other.framework.name} arrays, "
            f"FRAMEWORK is {own.framework.name!r}"
        )
    rest = {n: f for n, f in other.functions.items() if n not in own.functions and n not in out and not source.only}
    vjps = {**{n: v for n, v in other.vjps.items() if n in rest}, **own.vjps}
    functions = {**rest, **own.functions}
    dtypes = _dtypes(source, tuple(functions), names)
    return Library(own.name, own.framework, functions, vjps, other.name, frozenset(rest), dtypes, own.sources)


def _framework(module: ModuleType, target: str) -> Callable[[str], Framework]:
    """FRAMEWORK is a class of the module's own, or names a built-in one; without it the module's imports tell."""
    told = getattr(module, "FRAMEWORK", None) or _guessed(module)
    if told == NAMESPACE:
        return partial(arrays_of, module)
    if isinstance(told, str) and told in built_in():
        return partial(framework, told)
    if not isinstance(told, type):
        raise TargetError(f"{target}: FRAMEWORK = {told!r}, must be one of {', '.join((*built_in(), NAMESPACE))}")
    own: Callable[[str], Framework] = told
    return own


def _guessed(module: ModuleType) -> str:
    """A namespace of the array API works on its own arrays, a module that has names of a library's on the library's."""
    if _is_namespace(module):
        return NAMESPACE
    return next((name for name in built_in() if name != PLAIN and uses(module, name)), PLAIN)


def arrays_of(module: ModuleType, device: str) -> Framework:
    """The arrays of a namespace of the array API."""
    try:
        made: Framework = importlib.import_module(f"suite.targets.{NAMESPACE}").ArrayAPI(module, device)
    except ModuleNotFoundError as error:
        raise TargetError(f"{error.name} is not installed: pip install 'lawful[array-api]'") from error
    return made
