"""Inputs: recipes, made of the bits that Hypothesis draws, and what fills them."""
