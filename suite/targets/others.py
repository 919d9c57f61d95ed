"""Functions of other libraries that share a concept's name and are something else: left out unless CONCEPTS names them.

scipy.special.kl_div is x log(x/y) - x + y, entry by entry, of probabilities; ours is torch's loss, which takes
logarithms (https://docs.scipy.org/doc/scipy/reference/generated/scipy.special.kl_div.html).
"""

import sys

OTHERS = (("scipy.special", "kl_div"),)


def another(function: object) -> bool:
    """Whether it is one of these.

    >>> import scipy.special
    >>> another(scipy.special.kl_div), another(scipy.special.softmax)
    (True, False)
    """
    found = (getattr(sys.modules.get(module), name, None) for module, name in OTHERS)
    return any(f is function for f in found if f is not None)
