"""How good the suite is: what it catches, after how long, and whom it accuses falsely."""
