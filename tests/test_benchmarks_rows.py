"""Rows of the benchmarks: they follow from the declarations, and nothing about them misleads asv."""

import importlib
import inspect
import pkgutil
import subprocess
import sys
import types
from collections.abc import Iterator
from math import prod
from types import ModuleType
from typing import Any

import pytest
from checkout import ROOT

import benchmarks
from benchmarks import grid
from benchmarks.__main__ import launch
from benchmarks.operands import operands, sizes_of, work
from suite.concepts import concepts
from suite.targets.loading import load

NAMES = [m.name for m in pkgutil.iter_modules(benchmarks.__path__) if m.name != "__main__"]


class TestRows:
    def test_every_concept_has_its_rows(self) -> None:
        """The names that are read as text are those that are declared, in their order."""
        assert grid.names() == tuple(concepts())
        assert set(grid.FIXED) <= set(concepts())

    def test_the_suites_rows_are_measured(self) -> None:
        """A name in the grid is a kernel or a command, and the other way round."""
        from benchmarks import kernels

        assert set(grid.SUITE) == {*kernels.KERNELS, *kernels.COMMANDS}

    @pytest.mark.parametrize("name", list(concepts()))
    def test_operands(self, name: str) -> None:
        """As many elements as asked for or up to half of them, as rows are whole, within the declaration's limits."""
        concept = concepts()[name]
        for elements in (grid.SMALL, grid.MIDDLE):
            sizes, arrays = sizes_of(concept, elements), operands(concept, "float32", elements)
            limits = [concept.longest.get(d, elements) for d in concept.dims]
            assert all(1 <= sizes[d] <= limit for d, limit in zip(concept.dims, limits, strict=True))
            assert elements / 2 < max(x.size for x in arrays) <= elements

    def test_floor(self) -> None:
        """A product of matrices needs 2mnk operations; elsewhere the bytes are all that is certain."""
        library = load("numpy", names=("matmul", "linear_chain", "softmax", "solve"))
        product = work(concepts()["matmul"], library, "float32", grid.MIDDLE)
        sizes = sizes_of(concepts()["matmul"], grid.MIDDLE)
        assert product.flops == 2 * prod(sizes.values()) * (grid.MIDDLE // (sizes["m"] * sizes["k"]))
        assert product.bytes == 3 * 4 * grid.MIDDLE
        others = [work(concepts()[n], library, "float32", 64).flops for n in ("linear_chain", "softmax", "solve")]
        assert others == [0, 0, 0]


class TestTrap:
    """With a ``setup`` asv_runner 0.3 makes every sample one call."""

    @pytest.mark.parametrize("name", NAMES)
    def test_no_micro_benchmark_has_a_setup(self, name: str) -> None:
        assert with_setup(importlib.import_module(f"benchmarks.{name}")) == []

    def test_one_would_be_found(self) -> None:
        """On a function, a class, or a module."""

        class Planted:
            def setup(self) -> None: ...
            def time_it(self) -> None: ...

        def time_alone() -> None: ...

        module = types.ModuleType("planted")
        module.Planted, module.time_alone = Planted, time_alone  # type: ignore[attr-defined]
        assert with_setup(module) == ["Planted.time_it"]
        time_alone.setup = print  # type: ignore[attr-defined]
        assert with_setup(module) == ["Planted.time_it", "time_alone"]
        module.setup = print  # type: ignore[attr-defined]
        del time_alone.setup  # type: ignore[attr-defined]
        assert with_setup(module) == ["Planted.time_it", "time_alone"]

    def test_there_are_micro_benchmarks(self) -> None:
        """The rule has something to be about."""
        module = importlib.import_module("benchmarks.suite_judging")
        assert {"TimeOracle.time_ball", "TimeJudging.time_accuracy"} <= {name for name, *_ in timed(module)}

    def test_nothing_is_loaded_to_find_a_row(self) -> None:
        """A process for one row of the tables loads neither NumPy nor torch, and so touches no driver."""
        code = "import sys, benchmarks.fast, benchmarks.whole; print(*{'numpy', 'torch', 'suite'} & set(sys.modules))"
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
        assert done.stdout == "\n"

    def test_a_process_that_is_copied(self) -> None:
        """It has imported every benchmark, as asv's server does, but neither torch, which has threads, nor a driver."""
        code = f"import sys; [__import__(f'benchmarks.{{name}}') for name in {NAMES}]; print('torch' in sys.modules)"
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
        assert done.stdout == "False\n"

    def test_with_a_gpu_nothing_is_copied(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """CUDA does not survive a fork."""
        for gpu, expected in (("NVIDIA H100, driver 1", {"spawn"}), ("", {"spawn", "forkserver"})):
            monkeypatch.setattr("benchmarks.__main__.gpus", lambda gpu=gpu: gpu)
            assert launch()[1] in expected


def timed(module: ModuleType) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """The micro-benchmarks of a module, each with where asv looks for a setup."""
    for name, value in vars(module).items():
        if inspect.isclass(value):
            yield from (
                (f"{name}.{m}", (getattr(value, m), value, module)) for m in dir(value) if m.startswith("time_")
            )
        elif inspect.isfunction(value) and name.startswith("time_"):
            yield name, (value, module)


def with_setup(module: ModuleType) -> list[str]:
    return [name for name, sources in timed(module) if any(hasattr(s, "setup") for s in sources)]
