"""One case, its truth and bounds, and the way from suspicion to certainty."""
