"""Deformable DETR: parameters -> mmdet model configuration.

Source: Zhu et al., Deformable DETR (ICLR 2021); mmdet/configs/deformable_detr. With the catalogue's default parameters
the result is deformable-detr_r50_16xb2-50e_coco.py's, but that the backbone puts out its second stage too.
"""

from collections.abc import Mapping

from trainables.detectors.backbones import Config, backbone_config, level_channels
from trainables.detectors.dense import dense_class_loss, norm_groups
from trainables.detectors.pyramid import preprocessor
from trainables.options.backbone import HRNETS

Params = Mapping[str, object]


def model_config(params: Params, class_count: int) -> Config:
    """The detector's configuration.

    Args:
        params: the train-tier parameters of the catalogue's `deformable_detr`, all of them.
        class_count: scored classes of the data set.
    """
    return {
        "type": "DeformableDETR",
        "num_queries": params["queries"],
        "num_feature_levels": params["feature_levels"],
        "with_box_refine": params["box_refine"],
        "as_two_stage": params["two_stage"],
        "data_preprocessor": {**preprocessor(params), **_padding(params)},
        "backbone": backbone_config(params),
        "neck": _neck(params),
        "encoder": _encoder(params),
        "decoder": _decoder(params),
        "positional_encoding": {"num_feats": _width(params) // 2, "normalize": True, "offset": -0.5},
        "bbox_head": _head(params, class_count),
        "train_cfg": {"assigner": _matching(params)},
        "test_cfg": {"max_per_img": 100},
    }


def _padding(params: Params) -> Config:
    """None but to the largest image of a batch; HRNet adds branches of halved sizes, which want whole multiples."""
    return {} if params["backbone"] in HRNETS else {"pad_size_divisor": 1}


def _width(params: Params) -> int:
    return int(str(params["embed_dims"]))


def _neck(params: Params) -> Config:
    return {
        "type": "trainables.modules.level_mapper.LevelMapper",
        "in_channels": level_channels(params),
        "start_level": params["fpn_start_level"],
        "kernel_size": 1,
        "out_channels": params["embed_dims"],
        "act_cfg": None,
        "norm_cfg": {"type": "GN", "num_groups": norm_groups(_width(params))},
        "num_outs": params["feature_levels"],
    }


def _encoder(params: Params) -> Config:
    layer = {"self_attn_cfg": _looking(params), "ffn_cfg": _feedforward(params)}
    return {"num_layers": params["encoder_layers"], "layer_cfg": layer}


def _decoder(params: Params) -> Config:
    among_queries = {
        "embed_dims": params["embed_dims"],
        "num_heads": params["attention_heads"],
        "dropout": params["dropout"],
        "batch_first": True,
    }
    layer = {"self_attn_cfg": among_queries, "cross_attn_cfg": _looking(params), "ffn_cfg": _feedforward(params)}
    return {
        "num_layers": params["decoder_layers"],
        "return_intermediate": True,
        "layer_cfg": layer,
        "post_norm_cfg": None,
    }


def _looking(params: Params) -> Config:
    """Attention to a few places of each level."""
    return {
        "embed_dims": params["embed_dims"],
        "num_heads": params["attention_heads"],
        "num_levels": params["feature_levels"],
        "dropout": params["dropout"],
        "batch_first": True,
    }


def _feedforward(params: Params) -> Config:
    return {
        "embed_dims": params["embed_dims"],
        "feedforward_channels": params["feedforward_channels"],
        "ffn_drop": params["dropout"],
    }


def _head(params: Params, class_count: int) -> Config:
    return {
        "type": "DeformableDETRHead",
        "num_classes": class_count,
        "embed_dims": params["embed_dims"],
        "sync_cls_avg_factor": True,
        "loss_cls": {**dense_class_loss(params, class_count), "loss_weight": params["class_cost"]},
        "loss_bbox": {"type": "L1Loss", "loss_weight": params["box_cost"]},
        "loss_iou": {"type": "GIoULoss", "loss_weight": params["giou_cost"]},
    }


def _matching(params: Params) -> Config:
    """Each truth box is one query's, so that together they cost the least."""
    classes = {"gamma": params["focal_gamma"], "alpha": params["focal_alpha"], "weight": params["class_cost"]}
    costs = [
        {"type": "FocalLossCost", **classes},
        {"type": "BBoxL1Cost", "weight": params["box_cost"], "box_format": "xywh"},
        {"type": "IoUCost", "iou_mode": "giou", "weight": params["giou_cost"]},
    ]
    return {"type": "HungarianAssigner", "match_costs": costs}
