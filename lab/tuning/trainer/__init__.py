"""The process that trains on this machine: `python -m lab.tuning.trainer spec.json`."""
