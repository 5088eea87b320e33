"""Finds the next point that is worth a trial: no twin of one on record, none that is refused or cannot fit.

What it turns away is told to Optuna, so that another point is proposed; each turn is an event of the ledger. It runs
nothing, and does not know when a search has had enough.
"""

from collections.abc import Callable, Mapping

from orchestrator.earlier_runs import EarlierTrial
from orchestrator.event_log import EventLog
from orchestrator.memory_guard import MemoryGuard
from orchestrator.proposals import Proposal, Proposals
from orchestrator.refusals import Refusal
from orchestrator.repeats import Tried
from results.trial_records import FAIL, RUNNING, SAMPLER, TrialRecord
from trainables.failures import OUT_OF_MEMORY

_MOST_REPEATS = 200
# Samplers repeat themselves on discrete spaces; after this many repeats in a row a point is picked among those left.
_REPEATS_BORNE = 10
# A memory model that rejects this many points in a row is not to be believed: the next one is tried.
_REJECTIONS_BORNE = 20


class NewPoints:
    """Asks Optuna until a point is worth a trial.

    Args:
        log: where what is decided goes on record.
        proposals: Optuna's side.
        tried: tells twins apart.
        guard: tells what cannot fit.
        refusal: tells why a point is no trial's.
    """

    def __init__(
        self,
        log: EventLog,
        proposals: Proposals,
        tried: Tried,
        guard: MemoryGuard,
        refusal: Callable[[Mapping[str, object]], Refusal | None],
    ) -> None:
        self._log = log
        self._proposals = proposals
        self._tried = tried
        self._guard = guard
        self._refusal = refusal

    def take(self) -> int | None:
        """Puts the next trial on record.

        Returns:
            Its number; None where nothing new is left, see `why_none`.
        """
        while self.why_none() is None:
            if self._log.in_vain == _REPEATS_BORNE:
                self._propose_untried()
            proposal = self._proposals.ask()
            if self._is_worth_a_trial(proposal):
                return proposal.number
        return None

    def take_over(self, earlier: EarlierTrial) -> None:
        """Has the result of an earlier run's trial stand as if it had been trained here, twins left out."""
        if self._tried.twin(earlier.identity) is None:
            self._proposals.put_first(earlier.record.params)
            self._reuse(self._proposals.ask(), earlier)

    def why_none(self) -> str | None:
        """Why no new point is to be had, None while one may be."""
        if self._tried.is_used_up():
            return "every point of the space is tried"
        if self._log.in_vain >= _MOST_REPEATS:
            return f"the sampler proposed nothing new {_MOST_REPEATS} times in a row"
        return None

    def _propose_untried(self) -> None:
        untried = self._tried.untried(self._proposals.choice())
        if untried is not None:
            self._proposals.put_first(untried)

    def _is_worth_a_trial(self, proposal: Proposal) -> bool:
        refused = self._refusal(proposal.params)
        if refused is not None:
            self._reject(proposal, refused.kind, refused.reason)
            return False
        identity = self._tried.identity(proposal.params)
        twin, earlier = self._tried.twin(identity), self._tried.earlier_twin(identity)
        if twin is not None:
            self._answer(proposal, self._log.records[twin])
            return False
        if earlier is not None:
            self._reuse(proposal, earlier)
            return False
        forecast = self._guard.forecast(proposal.params)
        if forecast.hopeless and proposal.source == SAMPLER and self._log.in_vain < _REJECTIONS_BORNE:
            self._reject(proposal, OUT_OF_MEMORY, forecast.why)
            return False
        # What would run out of memory begins where a retry would.
        halved = {"accumulate": forecast.parts, "reason": forecast.why} if forecast.parts > 1 else {}
        self._log.write({**_event("asked", proposal), "identity": identity, **halved})
        return True

    def _answer(self, proposal: Proposal, twin: TrialRecord) -> None:
        """Tells Optuna what is already known of a point; nothing is trained twice."""
        # A twin that still runs says nothing yet: FAIL is the one state that no sampler learns from.
        state = FAIL if twin.state == RUNNING else twin.state
        known = {"as": twin.number, "state": state, "score": twin.score, "kind": twin.kind}
        self._log.write({**_event("answered", proposal), **known})
        self._proposals.tell(proposal.number, state, twin.score, twin.kind)

    def _reuse(self, proposal: Proposal, earlier: EarlierTrial) -> None:
        """Tells Optuna, and the pruner, what an earlier run found of a point; it counts for no trial of this one."""
        record, marks = earlier.record, dict[str, object]()
        for epoch, score in record.rungs:
            if score is not None:
                marks |= self._proposals.judge(proposal.number, epoch, score).marks
        found = {"state": record.state, "score": record.score, "kind": record.kind, "reason": record.reason}
        details = {"rungs": record.rungs, "summary": record.summary, "pruner": marks, "identity": earlier.identity}
        origin = {"run": earlier.run, "trial": earlier.number}
        self._log.write({**_event("reused", proposal), **origin, **found, **details})
        self._proposals.tell(proposal.number, record.state, record.score, record.kind)

    def _reject(self, proposal: Proposal, kind: str, why: str | None) -> None:
        """Tells Optuna that a point cannot be trained, before a device is used for it."""
        self._log.write({**_event("rejected", proposal), "kind": kind, "reason": why})
        self._proposals.tell(proposal.number, FAIL, None, kind)


def _event(name: str, proposal: Proposal) -> dict[str, object]:
    return {"event": name, "number": proposal.number, "params": dict(proposal.params), "from": proposal.source}
