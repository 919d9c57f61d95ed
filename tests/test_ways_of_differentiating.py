"""Each way of differentiating is held to the truth by itself, wherever the first one stands."""

from dataclasses import replace
from typing import Any

import pytest

from suite.audit.group import judge_group
from suite.audit.plan import Plan
from suite.concepts import call_names
from suite.targets.loading import load
from suite.verdict import Verdict

torch = pytest.importorskip("torch")
TORCH = load("torch", names=call_names())


class Bent(torch.autograd.Function):
    """hardsigmoid; in place of 1/6 its slope is off by 1e-8 backward, and minus five forward."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Any) -> Any:
        return torch.nn.functional.hardsigmoid(x)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        inside = (inputs[0].abs() < 3).to(output.dtype)
        ctx.save_for_backward(inside)
        ctx.save_for_forward(inside)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (inside,) = ctx.saved_tensors
        return g * inside * ((1 + 1e-8) / 6)

    @staticmethod
    def jvp(ctx: Any, t: Any) -> Any:
        (inside,) = ctx.saved_tensors
        return t * inside * -5.0


@pytest.mark.filterwarnings("ignore")
def test_a_wrong_forward_mode_is_refuted_beside_a_backward_that_is_off() -> None:
    target = replace(TORCH, functions={**TORCH.functions, "hardsigmoid": Bent.apply})
    cells = judge_group(
        ("hardsigmoid", "float64"), target, Plan("torch", "cpu", "quick", 0, ("gradient", "forward"))
    ).cells
    verdicts = {c.route: c.verdict for c in cells}
    assert verdicts["backward"] is Verdict.REFUTED and verdicts["forward"] is Verdict.REFUTED
    found = next(c.finding for c in cells if c.route == "forward")
    assert found is not None and float.fromhex(found.got) == -5.0
