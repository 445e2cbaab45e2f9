"""Weights in shares, one for each member of a team: torch's FSDP2 (``fully_shard``), one layer whole at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, MixedPrecisionPolicy, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from policy.vlm.policy import VlmPolicy
from policy.vlm.pretrained import language_layers


def share_out(policy: VlmPolicy, weights: Mapping[str, Tensor], *, size: int) -> None:
    """Keep a share of a policy's weights here, and the rest with the others of a team of so many.

    What is trained becomes ``weights``, by name, whole and in float32; the model computes in the type that it had.
    Gradients are added up over members.
    """
    computed = next(policy.model.parameters()).dtype
    for name, parameter in policy.trained.items():
        parameter.data = weights[name].detach().to(parameter.device, torch.float32)
    all_trained = all(parameter.requires_grad for parameter in policy.model.parameters())
    cast = MixedPrecisionPolicy(param_dtype=computed, reduce_dtype=torch.float32)
    mesh = init_device_mesh(policy.device.type, (size,))
    for module in (*language_layers(policy.model), policy.model):
        shared: FSDPModule = fully_shard(
            module,
            mesh=mesh,
            mp_policy=cast if all_trained else MixedPrecisionPolicy(),  # adapters stay in float32 beside the model
            reshard_after_forward=True,  # weights change between passes: of the reference, and back
        )
        shared.set_gradient_divide_factor(1.0)
        shared.set_force_sum_reduction_for_comms(True)  # gloo knows no other


def whole(value: Any) -> Any:
    """Return shares, and dictionaries and lists of them, as whole tensors on the processor; all members must ask."""
    if isinstance(value, DTensor):
        return value.full_tensor().detach().cpu()
    if isinstance(value, dict):
        return {key: whole(item) for key, item in value.items()}
    return value


def share_of(value: Tensor, like: Tensor) -> Tensor:
    """Return this member's share of a whole tensor that all have, shared out as another is."""
    if not isinstance(like, DTensor) or value.shape != like.shape:
        return value
    placed = value.to(like.device, like.dtype)
    return distribute_tensor(placed, like.device_mesh, like.placements, src_data_rank=None)
