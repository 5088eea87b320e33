"""Finished trials into one submission: selection, fusion and the recipe that can be built again."""
