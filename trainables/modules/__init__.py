"""Modules that mmdet does not have, a file each; configurations name them by their import path.

What mmdet has is taken from mmdet.
"""
