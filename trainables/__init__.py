"""How one trial is run: data, detectors, training, prediction. The only package that may import torch and mmdet."""
