"""The libraries under test: NumPy (the reference), torch, a user's file."""
