"""The dry run: what a search would do, whether each of its keys takes effect, and what it would cost.

A key is proved if something that is built differs when it alone changes, or if the entry that it changes is read in one
step; `trainables.proof` builds, in a process of its own, what `neighbours` lays out. A key that takes no effect is an
error that names it. Nothing is trained to any effect, and nothing is written.
"""

import os
from collections.abc import Callable, Iterator, Sequence

from orchestrator.expectation import expected_hash
from orchestrator.neighbours import question_of
from orchestrator.plan_cost import cost_lines
from orchestrator.plan_text import head_lines, key_lines, proof_line
from orchestrator.proving import ask
from orchestrator.settings import Settings, visible_gpus
from orchestrator.slots import slots_on
from results.commands import EXIT_DONE
from results.errors import InputError, InputErrors
from search_spaces.space import PostSettings, Space
from trainables.proof.exchange import Answer, Question, Verdict


def dry_run(settings: Settings, gpus_per_trial: float | None = None, prove: Callable[[Question], Answer] = ask) -> int:
    """Prints the plan.

    Args:
        settings: the checked search.
        gpus_per_trial: as asked for on the command line.
        prove: answers the question which keys take effect; a process of its own, unless a caller has the libraries.

    Raises:
        InputErrors: every key that takes no effect, or that has a value which cannot be built.
        ProofError: the proving process ended without an answer.
    """
    slots = slots_on(os.cpu_count() or 1, visible_gpus(), gpus_per_trial)
    question = question_of(settings, measure=True)
    _print(head_lines(settings, expected_hash(settings)(question.jobs[0].to_dict())))
    print(f"proving {len(question.keys)} keys, once the libraries are imported ...", flush=True)
    answer = prove(question)
    faults = list(_faults(settings.space, question, answer.verdicts))
    if faults:
        raise InputErrors(faults)
    _print(key_lines(settings.space, answer.verdicts))
    _print(cost_lines(settings, answer.iteration, slots))
    _print([proof_line(answer)])
    return EXIT_DONE


def _print(lines: Sequence[str]) -> None:
    for line in lines:
        print(line)


def _faults(space: Space, question: Question, verdicts: Sequence[Verdict]) -> Iterator[InputError]:
    untried = {key.name for key in question.keys if not key.pairs}
    for one in verdicts:
        where = f"{space.name}: {one.name}"
        if one.name in untried:
            received = f"{where}, whose other values exclude first values of other keys"
            yield InputError("every key can be changed alone", received, "write values first that go with all others")
        elif one.error is not None:
            remedy = "remove that value, or mend what it is set for"
            yield InputError("every value of a key can be built", f"{where}: {one.error}", remedy)
        elif not one.effects and not is_moot(space, one):
            yield _dead(where, one)


def is_moot(space: Space, verdict: Verdict) -> bool:
    """Whether a key without effect was never written: a setting of the post tier that keeps its default.

    Rules that charge for false alarms cut by themselves, whatever `post.cutoffs` says.
    """
    section, _, name = verdict.name.partition(".")
    return section == "post" and getattr(space.post, name) == getattr(PostSettings(), name)


def _dead(where: str, verdict: Verdict) -> InputError:
    rule = "every key takes effect"
    if not verdict.reaches:
        received = f"{where} changes nothing in the effective configuration: something else decides"
        return InputError(rule, received, "remove the key, or what overrides it")
    received = f"{where} reaches {verdict.reaches[0]}, where it changes nothing that is built, and nothing reads it"
    return InputError(rule, received, "remove the key, or the entry that overrides it")
