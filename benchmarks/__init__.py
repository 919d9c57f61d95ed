"""What an audit costs: time, memory, and where the time goes.

``asv run`` records the figures over commits; ``python -m benchmarks`` prints them in one table.
No function here has a ``setup``: with asv_runner 0.3 any setup forces one call per sample, and a
microsecond then reads as the timer's overhead. Inputs come from cached factories instead.
"""
