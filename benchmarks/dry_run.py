"""Proves every key of every shipped space, and shows what becomes of planted dead, overridden and misspelt ones.

    python benchmarks/dry_run.py

Each row is a process of its own, as the command `python -m orchestrator.search --dry-run` starts it.
"""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from stopwatch import markdown, write_table

from orchestrator.neighbours import question_of
from orchestrator.options import parse_options
from orchestrator.plan import dry_run
from orchestrator.proving import ask
from orchestrator.settings import resolve
from results.errors import InputError
from search_spaces.loading import SHIPPED_FOLDER, profile_names

HEAD = ("space", "profile", "keys", "proved", "configurations", "s", "CPU s", "imports s")
BASE = "detector: cascade_rcnn\nrule: bottle_round1\ntrain:\n  optimizer: adamw\n  lr: {log: [0.001, 0.01]}\n"
CONFIGURED = """\
detector: config
config: mmdet::faster_rcnn/faster-rcnn_r50_fpn_1x_coco.py
rule: bottle_round1
train: {batch_size: 2}
set:
  model.backbone.frozen_stages: -1
  model.backbone.norm_eval: false
"""
PLANTED = {
    "live (nothing planted)": BASE,
    "dead: no entry of the configuration changes": f"{BASE}  momentum: {{range: [0.5, 0.9]}}\n",
    "dead: an entry changes, unread": f"{CONFIGURED}  model.test_cfg.rcnn.score_thr: {{choice: [0.1, 0.2]}}\n",
    "overridden by the data set": f"{CONFIGURED}  model.roi_head.bbox_head.num_classes: {{choice: [3, 5]}}\n",
    "overridden by the schedule": f"""{CONFIGURED}  optim_wrapper.optimizer.lr: {{log: [0.001, 0.01]}}
  param_scheduler.0: '{{"type": "OneCycleLR", "eta_max": 0.01, "total_steps": 100, "by_epoch": false}}'
""",
    "misspelt": f"{BASE}  momentun: {{range: [0.5, 0.9]}}\n",
}


def main() -> None:
    """Writes the tables."""
    shipped = [row for space in sorted(SHIPPED_FOLDER.glob("*.yaml")) for row in _rows(space.name)]
    planted = [(what, _refusal(text)) for what, text in PLANTED.items()]
    parts = (
        "Seconds beyond imports; a key counts as proved if something that is built or solved differs, or if the entry "
        "that it changes is read in one step. The keys of fake.yaml's profile `inert` take no effect on purpose.\n",
        markdown(HEAD, shipped),
        "\n## Planted keys\n",
        markdown(("planted", "what the command says"), planted),
    )
    write_table("dry_run", "Whether searched keys take effect", parts)


def _rows(space: str) -> Iterator[Sequence[object]]:
    for profile in profile_names(space):
        settings = resolve(parse_options(["--space", space, "--profile", profile]), None)
        answer = ask(question_of(settings, measure=False))
        proved = sum(bool(one.effects) for one in answer.verdicts)
        took = (answer.prove_s, answer.prove_cpu_s, answer.import_s)
        yield (space, profile, len(answer.verdicts), proved, answer.built, *took)


def _refusal(text: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "planted.yaml"
        file.write_text(text)
        try:
            dry_run(resolve(parse_options(["--space", str(file)]), None))
        except InputError as error:
            return error.line().replace(f"{folder}/", "").replace("\n", "; ").replace("|", "/")
    return "every key takes effect"


if __name__ == "__main__":
    main()
