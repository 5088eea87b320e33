"""Parameters in, mmdet model configurations out: one module per detector, one per part that detectors share.

Nothing here builds a model or touches a device; the result is plain nested dictionaries in mmengine's form.
"""
