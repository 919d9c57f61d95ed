"""Cells, groups of cells, workers, and one audit from the selection to the report."""
