"""Answers a question: the verdict of each key, and one measured iteration where it was asked for.

Libraries that take seconds to import are imported where a detector needs them.
"""

import time
from pathlib import Path

from results.rules import load_rule
from trainables.data.dataset import load_dataset, load_truth
from trainables.effective import MODEL_CONFIGS, TrainingData, training_data, trial_config
from trainables.jobs import TrialJob
from trainables.proof.exchange import Answer, Iteration, Question, Verdict
from trainables.proof.verdicts import Bench, verdict


def answer(question: Question) -> Answer:
    """Proves the keys of a question, and measures if asked to."""
    default = question.jobs[0]
    return _fake_answer(question) if default.detector not in MODEL_CONFIGS else _mmdet_answer(question, default)


def _fake_answer(question: Question) -> Answer:
    from trainables.proof.fake_bench import FakeBench

    verdicts, took = _verdicts(question, FakeBench())
    return Answer(verdicts, 0, 0.0, *took, None)


def _mmdet_answer(question: Question, default: TrialJob) -> Answer:
    started = time.perf_counter()
    from trainables.proof.mmdet_bench import MmdetBench  # torch and mmdet: ten seconds

    data = _data(default)
    rule = load_rule(default.rule)
    MmdetBench(data, rule).outcome(default)  # imports and compiles what is left
    imported_s = time.perf_counter() - started
    bench = MmdetBench(data, rule)
    verdicts, took = _verdicts(question, bench)
    iteration = _iteration(default, data) if question.measure else None
    return Answer(verdicts, bench.size, imported_s, *took, iteration)


def _verdicts(question: Question, bench: Bench) -> tuple[tuple[Verdict, ...], tuple[float, float]]:
    """The verdicts, and the seconds and seconds of CPU that they took."""
    started, cpu_started = time.perf_counter(), time.process_time()
    found = tuple(verdict(key, question.jobs, bench) for key in question.keys)
    return found, (time.perf_counter() - started, time.process_time() - cpu_started)


def _data(job: TrialJob) -> TrainingData:
    dataset = load_dataset(Path(job.dataset))
    categories = load_truth(dataset, dataset.train).categories
    return training_data(dataset, categories, load_rule(job.rule))


def _iteration(job: TrialJob, data: TrainingData) -> Iteration:
    from trainables.proof.measuring import measured

    return measured(job, trial_config(job, data))
