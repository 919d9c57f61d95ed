"""The laws: a few classes, many values."""
