"""The 36 points of the competition log and what came beside them: what switches each on, and the test that proves it.

`python -m trainables.points` prints docs/DETECTORS.md from these rows. A row without a test is not there yet, and says
so. Plain data; builds nothing.
"""

from dataclasses import dataclass

from trainables.catalogue import DETECTORS

ALL_POINTS = range(1, 37)


@dataclass(frozen=True)
class Point:
    """A row.

    Attributes:
        numbers: points of the log; none for what came beside them.
        what: in words.
        switch: YAML of a space, or the command.
        test: "path::function" below tests/, "" for what is not there yet.
    """

    numbers: tuple[int, ...]
    what: str
    switch: str = ""
    test: str = ""


_LEARNS = "trainables/test_detectors.py::test_losses_fall_on_one_batch"
_OPTION = "trainables/test_two_stage_options.py::test_each_option_learns_one_batch_and_predicts"
_AUGMENTS = "trainables/test_augmenting.py::test_each_adds_its_transform"

POINTS = (
    Point((1,), "FCOS", "detector: fcos", _LEARNS),
    Point((2,), "FCOSTD", "detector: fcostd", "trainables/test_fcostd.py::test_every_loss_falls_on_a_batch"),
    Point((2,), "Cascade R-CNN", "detector: cascade_rcnn", _LEARNS),
    Point((3,), "more epochs", "train: {epochs: {choice: [12, 24]}}", "trainables/test_effective.py::test_schedules"),
    Point((18,), "learning rate", "train: {lr: {log: [0.001, 0.02]}}", "trainables/test_effective.py::test_schedules"),
    Point(
        (18,),
        "learning rate that follows the batch",
        "train: {lr_scaling: {choice: [none, linear, sqrt]}}",
        "trainables/test_augmenting.py::test_the_learning_rate_follows_the_batch_where_it_is_told_to",
    ),
    Point(
        (18,),
        "steps, cosine, warm-up",
        "train: {schedule: {choice: [step, cosine]}, warmup_iters: 500}",
        "trainables/test_effective.py::test_schedules",
    ),
    Point(
        (4,),
        "large test size, flips",
        'predict: {scale: {sweep: ["2048x1200"]}, flip: {sweep: [false, true]}}',
        "trainables/test_views.py::test_mirrorings_are_shown_one_by_one",
    ),
    Point(
        (4,),
        "overlapping tiles of large images",
        'predict: {tiles: {sweep: [none, "1024x768/0.2"]}}',
        "trainables/test_views.py::test_tiles_add_boxes_inside_the_image",
    ),
    Point(
        (4,),
        "several test sizes at once",
        'predict: {scale: {sweep: ["1333x800|2048x1200"]}}',
        "trainables/test_views.py::test_several_scales_give_the_rows_of_each",
    ),
    Point(
        (5,),
        "multi-scale training",
        'train: {train_scale: "1333x800..1333x1200"}',
        "trainables/test_effective.py::test_train_scales_become_the_transform_that_draws_them",
    ),
    Point(
        (6,),
        "deformable convolutions",
        "train: {dcn: {choice: [v1, v2]}}",
        _OPTION,
    ),
    Point(
        (6,),
        "deformable convolutions in chosen stages",
        'train: {dcn: v1, dcn_stages: {choice: ["c3,c4,c5", "c5"]}}',
        "trainables/test_backbones.py::test_deformable_convolutions_are_in_the_stages_named",
    ),
    Point(
        (7,),
        "split 9:1; compare train and test",
        "prepare split, prepare compare",
        "trainables/data/test_split.py::test_no_group_straddles_and_shares_hold_over_seeds",
    ),
    Point(
        (8,),
        "wash background out",
        "prepare clean",
        "trainables/data/test_real_figures.py::test_clean_keeps_3370_images_and_5775_boxes",
    ),
    Point(
        (9,),
        "inaccurate labels",
        "prepare labels",
        "trainables/data/test_label_conversion.py::test_every_pair_of_forms_keeps_everything",
    ),
    Point(
        (10,),
        "ensembles; a model for each image kind",
        "python -m ensembles.build --top 5",
        "ensembles/test_build.py::test_each_image_is_predicted_by_the_run_on_its_subset",
    ),
    Point(
        (11,),
        "pseudo labels",
        "prepare pseudo",
        "trainables/data/test_pseudo_command.py::test_the_next_search_can_start_on_what_is_written",
    ),
    Point(
        (12,),
        "pyramid start level and levels",
        "train: {fpn_start_level: {choice: [0, 1]}, fpn_outputs: {choice: [5, 6]}}",
        "trainables/test_cascade_rcnn.py::test_strides_follow_the_pyramid",
    ),
    Point((12,), "levels beyond c5 by convolutions", "train: {fpn_extra_convs: on_input}", _OPTION),
    Point((12,), "PAFPN and BFP pyramids", "train: {neck: {choice: [fpn, pafpn, bfp]}}", _OPTION),
    Point(
        (14,),
        "anchor sizes and shapes",
        'train: {anchor_scale: 4.0, anchor_ratios: "0.2,0.5,1,2,5"}',
        "trainables/test_effective.py::test_every_option_of_every_choice_is_built_and_differs_from_the_default",
    ),
    Point(
        (13,),
        "DenseNet-121",
        "train: {backbone: densenet121}",
        _OPTION,
    ),
    Point(
        (27,),
        "ResNeXt-101, ResNet-101",
        "train: {backbone: {choice: [resnet101, resnext101_32x4d, resnext101_64x4d]}}",
        "trainables/test_cascade_rcnn.py::test_every_backbone_states_the_channels_it_puts_out",
    ),
    Point(
        (27,),
        "caffe-style ResNet-50 and ResNet-101, images normalised for them",
        "train: {backbone: resnet50, backbone_style: caffe}",
        "trainables/test_backbones.py::test_caffe_style_strides_and_normalises_as_mmdets_caffe_weights_want",
    ),
    Point(
        (27,),
        "HRNet with HRFPN",
        "train: {backbone: {choice: [hrnet_w18, hrnet_w32]}, neck: hrfpn}",
        _OPTION,
    ),
    Point(
        (15,),
        "start from a COCO checkpoint; what does not fit stays as drawn",
        "train: {init: FILE.pth}",
        "trainables/test_weights.py::test_starting_weights_take_what_fits",
    ),
    Point(
        (15,),
        "published weights: ImageNet for a backbone, COCO for a detector",
        "train: {init: {choice: [imagenet, coco]}}",
        "trainables/test_published_weights.py::test_a_file_as_mmdet_publishes_it_starts_all_but_the_classes",
    ),
    Point(
        (15,),
        "class outputs of a start with other classes: rows of the same name are copied",
        "train: {init: FILE.pth, init_heads: matching}",
        "trainables/test_matching_heads.py::test_rows_of_the_same_name_are_copied_and_others_are_as_drawn",
    ),
    Point(
        (16, 31, 34),
        "IoU thresholds of the cascade's stages",
        'train: {stage_ious: {choice: ["0.5,0.6,0.7", "0.4,0.6,0.8"]}}',
        "trainables/test_cascade_rcnn.py::test_each_stage_has_a_head_and_a_threshold",
    ),
    Point(
        (16, 31, 34),
        "negatives of the stages apart from their positives; a lowest positive IoU",
        'train: {stage_neg_ious: "0.3", head_min_pos_iou: 0.2}',
        _OPTION,
    ),
    Point(
        (32,),
        "IoU thresholds of the RPN",
        "train: {rpn_pos_iou: {choice: [0.7, 0.5]}, rpn_neg_iou: {choice: [0.3, 0.1]}}",
        "trainables/test_catalogue.py::test_values_that_do_not_go_together",
    ),
    Point(
        (17,),
        "crop: around a box by overlap, or at random",
        "train: {crop: {choice: [none, min_iou, random]}}",
        "trainables/test_augmenting.py::test_the_crop_by_overlap_sees_the_image_and_the_random_one_what_is_left_of_it",
    ),
    Point((17,), "rotate", "train: {rotate_deg: 10.0}", _AUGMENTS),
    Point((17,), "translate", "train: {translate: 0.1}", _AUGMENTS),
    Point(
        (17,),
        "copy defects onto other images",
        "train: {copy_paste: 0.3}",
        "trainables/test_augmenting.py::test_a_pasted_box_lies_where_its_pixels_are_and_on_no_other",
    ),
    Point((36,), "augmentation: brightness, contrast, saturation, hue", "train: {photometric: true}", _AUGMENTS),
    Point(
        (36,),
        "images with small defects are shown more often",
        "train: {oversample_small: {choice: [1, 3]}}",
        "trainables/test_augmenting.py::test_images_with_small_boxes_are_shown_more_often",
    ),
    Point(
        (36,),
        "focal loss in proposals and region heads",
        "train: {head_class_loss: focal, rpn_class_loss: focal}",
        _OPTION,
    ),
    Point(
        (19,),
        "anchors by k-means",
        "train: {anchor_ratios: kmeans}",
        "trainables/test_anchor_parameters.py::test_the_word_becomes_numbers_that_follow_the_boxes",
    ),
    Point(
        (20,),
        "global context blocks in the backbone",
        "train: {backbone_blocks: {choice: [none, gc]}}",
        _OPTION,
    ),
    Point(
        (20,),
        "global context pooled into the features of regions",
        "train: {region_context: {choice: [none, pooled]}}",
        "trainables/test_region_context.py::test_two_stage_detectors_learn_with_it_and_predict",
    ),
    Point(
        (21,),
        "weights of classes in the loss",
        "train: {class_weights: {per_class: {range: [0.5, 2.0]}}}",
        "trainables/test_vectors.py::test_values_follow_the_labels",
    ),
    Point(
        (21,),
        "the same in a focal loss",
        "detector: fcos, train: {class_weights: rule}",
        "trainables/test_dense_options.py::test_a_class_weighs_its_own_column_alone",
    ),
    Point(
        (21,),
        "class-aware sampling: images of rare classes, or of heavy ones, are shown more often",
        "train: {class_balance: {choice: [0.0, 0.1]}, class_balance_by: {choice: [frequency, rule]}}",
        "trainables/test_class_balance.py::test_the_data_set_lists_them_more_often_and_alike_every_time",
    ),
    Point(
        (22,),
        "averaged weights",
        "predict: {average: {sweep: [none, last3/0.7]}}",
        "trainables/test_averages.py::test_sequential_averaging_counts_as_the_competitions_log_says",
    ),
    Point(
        (23,),
        "OHEM, IoU-balanced sampling of regions",
        "train: {head_samplers: {choice: [random, ohem]}}",
        "trainables/test_two_stage_options.py::test_each_option_changes_what_is_built",
    ),
    Point(
        (24,),
        "attention in the backbone",
        "train: {backbone_blocks: {choice: [none, attention]}}",
        _OPTION,
    ),
    Point(
        (24,),
        "look at features and attention",
        "python -m trainables.features --trial 3",
        "trainables/looking/test_features_command.py::test_a_sheet_is_drawn_for_each_image",
    ),
    Point(
        (25,),
        "mean teacher on unlabelled images, Soft Teacher for Faster R-CNN",
        "train: {teacher: {choice: [none, mean]}}",
        "trainables/test_mean_teacher.py::test_the_student_learns_from_the_teachers_boxes",
    ),
    Point(
        (26, 29),
        "soft-NMS; lower scores, higher IoU",
        "post: {nms: [hard, soft_linear, soft_gaussian]}",
        "results/test_postprocess.py::test_the_grid_has_62_distinct_settings",
    ),
    Point(
        (28,),
        "IoU, GIoU, DIoU and CIoU losses, balanced L1",
        "train: {head_box_loss: {choice: [smooth_l1, giou]}}",
        _OPTION,
    ),
    Point(
        (28,),
        "the same in dense heads",
        "detector: retinanet, train: {box_loss: {choice: [l1, giou]}}",
        "trainables/test_dense_options.py::test_each_dense_option_learns_one_batch_and_predicts",
    ),
    Point(
        (30,),
        "IoU branch",
        "train: {iou_branch: true}, predict: {iou_power: {sweep: [0, 0.5]}}",
        "trainables/test_iou_branch.py::test_scores_and_ious_join",
    ),
    Point(
        (),
        "grey images, and those of 16 bits",
        "no key: they get three channels of 8 bits",
        "trainables/test_views.py::test_grey_and_deep_images_have_three_channels_of_eight_bits",
    ),
    Point((33,), "own AP and weighted score", "rule: bottle_round1", "results/test_scoring.py::test_conformance"),
    Point(
        (35,),
        "x101, averaging, thresholds by class and ensemble in one run",
        "train: {backbone: resnext101_32x4d}, predict: {average: {sweep: [none, last3]}}, post: {per_class: gate}",
        "ensembles/test_all_in_one.py::test_both_are_fused_into_a_valid_submission",
    ),
    Point(
        (36,),
        "how to raise precision: error analysis by kind",
        "python -m results.report",
        "results/test_error_kinds.py::test_each_kind_by_hand",
    ),
    Point((), "Faster R-CNN", "detector: faster_rcnn", _LEARNS),
    Point((), "RetinaNet", "detector: retinanet", _LEARNS),
    Point((), "FreeAnchor", "detector: freeanchor", _LEARNS),
    Point((), "RepPoints", "detector: reppoints", _LEARNS),
    Point((), "RTMDet", "detector: rtmdet", _LEARNS),
    Point((), "Swin-T", "train: {backbone: swin_t}", _OPTION),
    Point(
        (),
        "any detector of mmdet's configurations",
        "detector: config",
        "trainables/test_configured_types.py::test_it_trains_on_a_cpu_and_says_before_its_nms_what_mmdet_says_after",
    ),
    Point(
        (),
        "what the device has no kernel for is refused at load, by name",
        "config: mmdet::carafe/faster-rcnn_r50_fpn-carafe_1x_coco.py",
        "orchestrator/test_devices.py::test_a_configuration_without_a_kernel_is_refused_by_the_command",
    ),
    Point(
        (),
        "half precision, on GPUs",
        "train: {precision: {choice: [full, bfloat16]}}",
        "trainables/test_precision.py::test_the_wrapper_is_mmengines_own_and_keeps_what_is_beside_it",
    ),
    Point(
        (),
        "a moving average of the weights predicts",
        "train: {ema: {choice: [0, 0.001]}}",
        "trainables/test_moving_average.py::test_the_average_predicts_at_rungs_and_in_the_end_and_the_training_is_as_without",
    ),
    Point((), "Deformable DETR", "detector: deformable_detr", _LEARNS),
)


_LOOKING = """\
## Looking inside

```
python -m trainables.features [--run NAME] [--trial N] [--images IMAGE ...] [--out DIR]
```

draws a sheet for each image (an id or a file name of a validation or test image, or any file; without `--images` the
three validation images with the most boxes) with the trial's own weights, and changes nothing:

* the image with its truth (green) and the best detections after post-processing (red), under category ids;
* a tile for each pyramid level that the heads read: the mean absolute value over its channels, in the image's frame;
* FCOSTD's objectness by level, and for `backbone_blocks` of each stage's last block how much each place counts: 1 where
  all count alike.

Above a tile stand the stride in pixels of the image as the network sees it, and the range of its colours.

![FCOSTD with global context blocks, trained on the demonstration for ten epochs](pictures/features.png)"""


def page() -> str:
    """docs/DETECTORS.md."""
    detectors = [f"| `{name}` | {one.description} |" for name, one in DETECTORS.items() if one.reads_data]
    lines = [
        "# Detectors, and the competition log's points",
        "",
        "Made by `python -m trainables.points`; do not edit. Tests lie below `tests/`.",
        "",
        "| detector | |",
        "|---|---|",
        *detectors,
        "",
        "| point | what | switched on by | proved by |",
        "|---|---|---|---|",
        *map(_row, POINTS),
        "",
        _LOOKING,
    ]
    return "\n".join(lines) + "\n"


def _row(point: Point) -> str:
    numbers = ", ".join(map(str, point.numbers)) or "beside"
    if not point.test:
        return f"| {numbers} | {point.what} | not yet | |"
    return f"| {numbers} | {point.what} | `{point.switch}` | `{point.test}` |"


if __name__ == "__main__":
    print(page(), end="")
