"""Inputs: recipes that Hypothesis draws, and what fills them."""
