"""What may vary in a search: space files (YAML), their frozen form, and its translation into Optuna's terms.

This package knows no detector and no framework but Optuna (in `sampling` alone): which detectors exist, and which
values their parameters take, is handed to the loader.
"""
