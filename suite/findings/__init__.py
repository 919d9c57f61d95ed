"""What a refutation becomes: a small witness, a reproduction, a known finding."""
