"""Training on this machine, as Litmus starts and follows it."""
