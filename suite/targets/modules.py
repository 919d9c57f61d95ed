"""From the text of --target to a module: a built-in target, an importable name, a file; and back to lines of a program.

A module is looked for in the working directory first, as ``python -m`` does; a file that belongs to a package is
imported as part of it, so that its relative imports work.
"""

import contextlib
import importlib
import importlib.util
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from suite.targets import built_in
from suite.targets.protocol import TargetError
from suite.targets.words import first_line

RELATIVE = re.compile(r"^\s*from\s+\.", re.MULTILINE)


@dataclass(frozen=True)
class Source:
    """What a target was loaded from. ``only``: the one function that was named. ``root``: of a file in a package."""

    name: str
    module: ModuleType
    only: str = ""
    root: Path | None = None

    def lines(self, name: str, renamed: bool) -> tuple[str, ...]:
        """The lines of a program after which ``name`` is the function; ``renamed``: it stands in CONCEPTS."""
        key = "CONCEPTS" if renamed else name
        item = f"[{name!r}]" if renamed else ""
        if self.name.endswith(".py") and self.root is None:
            return "import runpy", f"{name} = runpy.run_path({self.name!r})[{key!r}]{item}"
        path = () if self.root in (None, Path.cwd()) else ("import sys", f"sys.path.insert(0, {str(self.root)!r})")
        found = f"from {self.module.__name__} import {key}"
        return (*path, found, f"{name} = {key}{item}") if renamed else (*path, found)


def found(target: str) -> Source:
    """The module of a target; what cannot be found or imported is one sentence."""
    name, only = parted(target)
    try:
        if name in built_in():
            return Source(name, importlib.import_module(f"suite.targets.{name}"), only)
        if name.endswith(".py") or "/" in name:
            return _from_file(name, only)
        with first_on_path(Path.cwd()):
            return Source(name, importlib.import_module(name), only)
    except TargetError:
        raise
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if missing in built_in():
            raise TargetError(f"{missing} is not installed: pip install 'lawful[{missing}]'") from error
        if missing and f"{name}.".startswith(f"{missing}."):
            raise TargetError(
                f"unknown target {name!r}: name {', '.join(built_in())}, a file ending in .py, or an importable module",
                usage=True,
            ) from error
        raise TargetError(f"{name} does not import: {first_line(error)}") from error
    except (Exception, SystemExit) as error:
        raise TargetError(f"{name} does not import: {type(error).__name__}: {first_line(error)}") from error


def uses(module: ModuleType, library: str) -> bool:
    """Whether a library, or something of it, is among the module's names.

    >>> import suite.floats
    >>> uses(suite.floats, "numpy"), uses(suite.floats, "torch")
    (True, False)
    """
    homes = (getattr(v, "__name__" if isinstance(v, ModuleType) else "__module__", "") for v in vars(module).values())
    return any(str(home).partition(".")[0] == library and home in sys.modules for home in homes)


def parted(target: str) -> tuple[str, str]:
    """The module and, behind a colon, the one function of it.

    >>> parted("mypkg.ops:softmax"), parted("mypkg/ops.py")
    (('mypkg.ops', 'softmax'), ('mypkg/ops.py', ''))
    """
    module, colon, function = target.rpartition(":")
    return (module, function) if colon and function.isidentifier() else (target, "")


@contextlib.contextmanager
def first_on_path(root: Path) -> Iterator[None]:
    """While a target is imported its root comes first; then last, so that nothing there hides what comes later."""
    sys.path.insert(0, str(root))
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):  # a target may do as it likes with the path
            sys.path.remove(str(root))
        if str(root) not in sys.path:
            sys.path.append(str(root))


def _from_file(name: str, only: str) -> Source:
    path = Path(name)
    if not path.is_file():
        known = ", ".join(built_in())
        raise TargetError(f"{path}: no such file; --target takes {known}, a .py file or a module", usage=True)
    root = root_of(path.resolve())
    if root is not None:
        dotted = ".".join(path.resolve().relative_to(root).with_suffix("").parts)
        with first_on_path(root):
            module = importlib.import_module(dotted)
        if Path(module.__file__ or "").resolve() == path.resolve():  # else another package has that name
            return Source(name, module, only, root)
    spec = importlib.util.spec_from_file_location(f"lawful_target_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise TargetError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    with first_on_path(Path.cwd()), first_on_path(path.resolve().parent):  # as where it is run as a program
        spec.loader.exec_module(module)
    return Source(name, module, only)


def root_of(path: Path) -> Path | None:
    """The folder that the package of a file lies in; None where the file stands by itself.

    Folders without __init__.py are packages too where the file imports from its own.
    """
    folder = path.parent
    while (folder / "__init__.py").is_file():
        folder = folder.parent
    if folder != path.parent:
        return folder
    here = Path.cwd()
    inside = path.is_relative_to(here) and all(p.isidentifier() for p in path.parent.relative_to(here).parts)
    return here if inside and folder != here and RELATIVE.search(path.read_text("utf-8", "replace")) else None
