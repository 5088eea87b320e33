"""Answers a question: the verdict of each key, and one measured iteration where it was asked for.

Libraries that take seconds to import are imported where a detector needs them.
"""

import time
from pathlib import Path

from results.rules import load_rule
from trainables.data.dataset import load_dataset, load_truth
from trainables.effective import MODEL_CONFIGS, TrainingData, training_data, trial_config
from trainables.jobs import TrialJob
from trainables.proof.exchange import Answer, Iteration, Question
from trainables.proof.verdicts import verdict


def answer(question: Question) -> Answer:
    """Proves the keys of a question, and measures if asked to."""
    default = question.jobs[0]
    return _fake_answer(question) if default.detector not in MODEL_CONFIGS else _mmdet_answer(question, default)


def _fake_answer(question: Question) -> Answer:
    from trainables.proof.fake_bench import FakeBench

    started = time.perf_counter()
    verdicts = tuple(verdict(key, question.jobs, FakeBench()) for key in question.keys)
    return Answer(verdicts, 0, 0.0, time.perf_counter() - started, None)


def _mmdet_answer(question: Question, default: TrialJob) -> Answer:
    started = time.perf_counter()
    from trainables.proof.mmdet_bench import MmdetBench  # torch and mmdet: ten seconds

    data = _data(default)
    rule = load_rule(default.rule)
    MmdetBench(data, rule).outcome(default)  # imports and compiles what is left
    bench = MmdetBench(data, rule)
    imported = time.perf_counter()
    verdicts = tuple(verdict(key, question.jobs, bench) for key in question.keys)
    proved = time.perf_counter()
    iteration = _iteration(default, data) if question.measure else None
    return Answer(verdicts, bench.size, imported - started, proved - imported, iteration)


def _data(job: TrialJob) -> TrainingData:
    dataset = load_dataset(Path(job.dataset))
    categories = load_truth(dataset, dataset.train).categories
    return training_data(dataset, categories, load_rule(job.rule))


def _iteration(job: TrialJob, data: TrainingData) -> Iteration:
    from trainables.proof.measuring import measured

    return measured(job, trial_config(job, data))
