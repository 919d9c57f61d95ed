"""The parts of an audit: judging, running error, balls, certificates, the start of the command.

The times are of fixed work; ``python -m benchmarks.costs`` prints them as rates. What is compared with
something else is measured beside it, in the same run.
"""

from benchmarks.commands import command
from benchmarks.kernels import ELEMENTWISE, ball, ball_gradient, best, bound, certificate, judge, plain, running


class TimeJudging:
    """65 536 elements of single precision: at least 5e6 a second, which is 13.1 ms."""

    params = (list(ELEMENTWISE), ["numpy", "torch"])
    param_names = ("concept", "target")

    def time_accuracy(self, concept: str, target: str) -> None:
        judge(concept, target)


class TimeBounds:
    """65 536 elements: tier 1 alone."""

    params = (["exp", "softmax"], ["float64", "float32", "bfloat16"])
    param_names = ("concept", "dtype")

    def time_bounds(self, concept: str, dtype: str) -> None:
        bound(concept, dtype)


class TimeOracle:
    """One row of the oracle."""

    params = (["exp", "gelu", "softmax"],)
    param_names = ("concept",)

    def time_ball(self, concept: str) -> None:
        ball(concept)

    def time_ball_gradient(self, concept: str) -> None:
        ball_gradient(concept)

    def time_certificate(self, concept: str) -> None:
        certificate(concept)


def track_running_error_over_plain(concept: str) -> float:
    """How many times longer a text takes on running errors than on plain arrays, in one run."""
    return best(lambda: running(concept))[1] / best(lambda: plain(concept))[1]


def track_start(arguments: str) -> float:
    """Seconds from the shell to the end of ``lawful ARGUMENTS``: the least of three."""
    return min(command("-m", "suite.cli", *arguments.split()).wall for _ in range(3))


track_running_error_over_plain.params = [["exp", "sigmoid", "softmax"]]  # type: ignore[attr-defined]
track_running_error_over_plain.param_names, track_start.param_names = ["concept"], ["arguments"]  # type: ignore[attr-defined]
track_running_error_over_plain.unit = "ratio"  # type: ignore[attr-defined]
track_start.params, track_start.unit = [["--help", "concepts"]], "s"  # type: ignore[attr-defined]
