"""How fast, how large and how accurate each concept is in each library, and what the suite itself costs.

``asv`` records the figures over commits; ``lawful bench gate`` compares two of them. Rows are derived
from the declarations, so a new concept has its rows without a new line.

No function here has a ``setup``: with asv_runner 0.3 any setup forces one call per sample, and a
microsecond then reads as the timer's overhead. Inputs come from cached factories, and what is dear
is measured once, in a ``setup_cache``, from which every row reads its figure.
"""

import os

# threads are fixed before NumPy or torch is loaded: a library that has started its threads keeps them
if os.environ.get("LAWFUL_THREADS") == "1":
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")
