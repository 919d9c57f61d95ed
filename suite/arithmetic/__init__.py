"""Array classes that run one plain NumPy text in several arithmetics (NEP 13 and NEP 18)."""

from suite.arithmetic.balls import Balls
from suite.arithmetic.constants import decimal, ln2_like, pi_like
from suite.arithmetic.dual import Dual
from suite.arithmetic.protocol import ARITHMETIC, Undecided
from suite.arithmetic.running import RunningError
from suite.arithmetic.standard import Standard
from suite.arithmetic.table import TABLE
from suite.arithmetic.tape import Variable, backward

OPERATIONS = frozenset(f.__name__ for f in (*ARITHMETIC, *TABLE))  # by the names of their ufuncs

__all__ = [
    "OPERATIONS",
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
