"""The mathematics of deep learning in plain NumPy: numerically sound, vectorised, each function with its error bound.

Every public function of the modules is here. A bound k u is of first order in the unit roundoff u: it stands for k u/(1
- k u). None holds where an intermediate result overflows, and underflow adds what is said of it, in eta, the smallest
subnormal. Some functions have the names of builtins (sum, abs, max, pow), so import by name:

>>> from reference import softmax
>>> softmax([1.0, 2.0, 3.0]).round(3).tolist()
[0.09, 0.245, 0.665]
"""

# ruff: noqa: F403 - a star import is the one form that exports a name, also to mypy --strict, without listing it again

from reference.activations import *
from reference.arithmetic import *
from reference.convex_sets import *
from reference.cross_entropy import *
from reference.differences import *
from reference.elementary import *
from reference.formats import *
from reference.gelu import *
from reference.hard_activations import *
from reference.losses import *
from reference.metrics import *
from reference.norms import *
from reference.optimisation import *
from reference.products import *
from reference.shapes import unbroadcast as unbroadcast
from reference.softmax import *
from reference.solve import *
from reference.summation import *
from reference.variance import *
