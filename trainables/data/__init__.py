"""Data sets: their files, their checks and the rendered demonstration. Nothing here imports torch."""
