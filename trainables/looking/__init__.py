"""What a trained detector makes of an image: which images are asked for, what is captured, and the sheet that shows it.

The command is `trainables.features`.
"""
