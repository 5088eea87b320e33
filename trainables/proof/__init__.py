"""Whether a change of parameters changes anything: jobs are built, what was built is compared, one step is watched.

`python -m trainables.proof` is the process that does it; `exchange` is what it is told and what it answers, and the
only module here that others import. Nothing is trained to any effect, and nothing is written but into a temporary
folder.

    answering -> verdicts -> mmdet_bench -> building, description, noting, watching, post_outcome
                          -> fake_bench
              -> measuring
"""
