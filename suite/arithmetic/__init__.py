"""Array classes that run one plain NumPy text in several arithmetics (NEP 13 and NEP 18)."""

from suite.arithmetic.balls import Balls
from suite.arithmetic.constants import decimal, ln2_like, pi_like
from suite.arithmetic.dual import Dual
from suite.arithmetic.protocol import Undecided
from suite.arithmetic.running import RunningError, Standard
from suite.arithmetic.tape import Variable, backward

__all__ = [
    "Balls",
    "Dual",
    "RunningError",
    "Standard",
    "Undecided",
    "Variable",
    "backward",
    "decimal",
    "ln2_like",
    "pi_like",
]
