"""What detectors let vary, by subject: tuples of parameters, and what does not go together. Plain data, no torch.

Each module offers `PARAMETERS` and, where some values exclude each other, `CONFLICTS`: functions of complete parameters
that return None, or "the rule they break; the remedy". `trainables.catalogue` says which detector has which.
"""
