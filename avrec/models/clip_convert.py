"""CLIP's int8 image tower (ONNX) -> fp32 safetensors in open_clip's names.

The int8 graph quantises activations by their batch, so the same picture gives different vectors alone and in a batch;
the dequantised weights in open_clip do not, and run on a GPU too.
"""

import re
from pathlib import Path

import numpy as np

LAYER = re.compile(r"layers\.(\d+)/(?:self_attn|mlp)/(q_proj|k_proj|v_proj|out_proj|fc1|fc2)/")


def convert(source: Path, target: Path) -> None:
    """Dequantise and rename.

    Args:
        source: CLIP ViT-B/16 vision model, dynamically quantised ONNX.
        target: The safetensors file to write: open_clip `VisionTransformer` state dict.
    """
    import onnx
    from onnx import numpy_helper
    from safetensors.numpy import save_file

    graph = onnx.load(str(source)).graph
    tensors = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    matrices: dict[str, np.ndarray] = {}
    for node in graph.node:
        if node.op_type != "MatMulInteger":
            continue
        stem = node.input[1].removesuffix("_quantized")
        zero = tensors[f"{stem}_zero_point"].astype(np.float32)
        # ONNX stores (in, out); torch wants (out, in).
        dense = (tensors[node.input[1]].astype(np.float32) - zero) * tensors[f"{stem}_scale"]
        layer = LAYER.search(node.name)
        matrices[f"{layer[1]}.{layer[2]}" if layer else "proj"] = np.ascontiguousarray(dense.T)
    save_file(
        {k: np.ascontiguousarray(v, dtype=np.float32) for k, v in _rename(tensors, matrices).items()}, str(target)
    )


def _rename(tensors: dict[str, np.ndarray], matrices: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    v = "vision_model."
    state = {
        "class_embedding": tensors[f"{v}embeddings.class_embedding"],
        "positional_embedding": tensors[f"{v}embeddings.position_embedding.weight"],
        "conv1.weight": tensors[f"{v}embeddings.patch_embedding.weight"],
        "ln_pre.weight": tensors[f"{v}pre_layrnorm.weight"],
        "ln_pre.bias": tensors[f"{v}pre_layrnorm.bias"],
        "ln_post.weight": tensors[f"{v}post_layernorm.weight"],
        "ln_post.bias": tensors[f"{v}post_layernorm.bias"],
        "proj": matrices["proj"].T,
    }
    layers = 1 + max(int(key.split(".")[0]) for key in matrices if key != "proj")
    for i in range(layers):
        theirs, ours = f"{v}encoder.layers.{i}.", f"transformer.resblocks.{i}."
        heads = ("q_proj", "k_proj", "v_proj")
        state[f"{ours}attn.in_proj_weight"] = np.concatenate([matrices[f"{i}.{h}"] for h in heads])
        state[f"{ours}attn.in_proj_bias"] = np.concatenate([tensors[f"{theirs}self_attn.{h}.bias"] for h in heads])
        state[f"{ours}attn.out_proj.weight"] = matrices[f"{i}.out_proj"]
        state[f"{ours}attn.out_proj.bias"] = tensors[f"{theirs}self_attn.out_proj.bias"]
        for a, b in (("c_fc", "fc1"), ("c_proj", "fc2")):
            state[f"{ours}mlp.{a}.weight"] = matrices[f"{i}.{b}"]
            state[f"{ours}mlp.{a}.bias"] = tensors[f"{theirs}mlp.{b}.bias"]
        for a, b in (("ln_1", "layer_norm1"), ("ln_2", "layer_norm2")):
            for part in ("weight", "bias"):
                state[f"{ours}{a}.{part}"] = tensors[f"{theirs}{b}.{part}"]
    return state
