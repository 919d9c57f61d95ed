"""``lawful init``: a target file for a package, with what bears a concept's name in it, to be edited."""

import argparse
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

from suite.audit.names import UsageError
from suite.concepts import call_names
from suite.report.voice import say
from suite.targets.modules import first_on_path, found, uses
from suite.targets.others import another

LENDERS = ("math", "numpy", "scipy.special", "torch", "torch.nn.functional")  # packages often import from these
TEXT = '''"""What `lawful audit --target {file}` judges of {package}: edit it."""

{imports}

FRAMEWORK = "{framework}"  # "numpy", "torch", or "array_api" with NAMESPACE, the library
# DTYPES = ("float32", "float64")  # the formats that it is made for; a mapping says it for each name
CONCEPTS = {{
{entries}
}}
'''


def init(arguments: argparse.Namespace) -> int:
    package = arguments.package
    file = Path(arguments.output or f"lawful_{package.replace('.', '_')}.py")
    if file.exists():
        raise UsageError(f"{file} is there already: remove it, or name another with --output")
    modules = list(modules_of(found(package).module))
    entries = dict(entries_of(modules, package))
    if not entries:
        raise UsageError(f"{package} has nothing with a concept's name; `lawful concepts` lists them")
    imports = sorted({path.rpartition(".")[0] for path, _ in entries.values()})
    file.write_text(
        TEXT.format(
            file=file,
            package=package,
            imports="\n".join(f"import {m}" for m in imports),
            framework="torch" if any(uses(m, "torch") for m in modules) else "numpy",
            entries="\n".join(line(name, *entry) for name, entry in entries.items()),
        )
    )
    sure = sum(not doubt for _, doubt in entries.values())
    say(f"{file}: {sure} functions of {package}, {len(entries) - sure} more to be looked at; edit it, then audit it")
    return 0


def modules_of(module: ModuleType) -> Iterator[ModuleType]:
    """It, and what is public below it; what does not import is left out."""
    yield module
    with first_on_path(Path.cwd()):
        for info in pkgutil.iter_modules(getattr(module, "__path__", ()), f"{module.__name__}."):
            own = info.name.rpartition(".")[2]
            if own.startswith("_") or own in ("tests", "test", "testing", "conftest"):
                continue
            with suppress(Exception, SystemExit):
                yield from modules_of(importlib.import_module(info.name))


def entries_of(modules: list[ModuleType], package: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """For each concept the nearest of what is there: where it is, and why it may be something else."""
    there = [(f"{m.__name__}.{n}", n, f) for m in modules for n, f in vars(m).items() if own(n, f, package)]
    for name in call_names():
        near = [(closeness(name, n, f), path) for path, n, f in there]
        ranked = sorted((*how, path.count("."), path) for how, path in near if how)
        if ranked:
            _, doubt, _, path = ranked[0]
            yield name, (path, str(doubt))


def own(name: str, f: Any, package: str) -> bool:
    """Whether it is the package's, and not one that it has from another."""
    if not callable(f) or name.startswith("_") or another(f):
        return False
    top = package.partition(".")[0]
    others = [sys.modules.get(m) for m in LENDERS if m.partition(".")[0] != top]
    home = getattr(f, "__module__", None) or top  # many functions of extensions do not say
    return str(home).partition(".")[0] == top and not any(getattr(m, name, None) is f for m in others)


def closeness(name: str, theirs: str, f: Any) -> tuple[int, str] | tuple[()]:
    """How near a name is to a concept's, and the doubt that is left; nothing where it is another."""
    if theirs == name and not inspect.isclass(f):
        return 0, ""
    if theirs.lower().replace("_", "") == name.replace("_", ""):
        return (2, "a class: make one, with its options") if inspect.isclass(f) else (1, "another spelling")
    if theirs in call_names():
        return ()
    words = theirs.split("_")
    several = any(words[k : k + len(name.split("_"))] == name.split("_") for k in range(len(words)))
    return (3, "is it that?") if several and not inspect.isclass(f) and not theirs.endswith("_vjp") else ()


def line(name: str, path: str, doubt: str) -> str:
    return f'    "{name}": {path},' if not doubt else f'    # "{name}": {path},  # {doubt}'
