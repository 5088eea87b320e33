"""The vocabulary and the record: boxes, truth, rules, scores, post-processing, ledger, leaderboard, submission.

Knows numpy, numba and pyarrow; knows no detector, no cluster and no search space.
"""
