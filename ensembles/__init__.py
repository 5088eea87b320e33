"""Finished trials into one submission: selection, calibration, fusion and the recipe that can be built again."""
