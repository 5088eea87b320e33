"""RTMDet's own network: how deep and wide, and how many places learn from a truth box."""

from trainables.options import schedule, start
from trainables.options.backbone import init_parameter
from trainables.parameters import number, whole, with_defaults

PARAMETERS = (
    number("depth_factor", 1.0, (0.1, 2.0), "depth of the network: tiny 0.167, s 0.33, m 0.67, l 1, x 1.33"),
    number("width_factor", 1.0, (0.125, 2.0), "width of the network: tiny 0.375, s 0.5, m 0.75, l 1, x 1.25"),
    whole("tower_convs", 2, (1, 8), "convolutions of the head before its outputs, for classes and for boxes"),
    whole("assigned_places", 13, (1, 50), "most places that may learn from one truth box"),
    init_parameter(),
    *start.PARAMETERS,
)

SCHEDULE = with_defaults(schedule.PARAMETERS, optimizer="adamw", lr=0.004, weight_decay=0.05)
