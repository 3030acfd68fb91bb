"""Qwen's GGUF file -> bf16 safetensors folder. Dequantising takes half a minute, so it is done once."""

from pathlib import Path


def convert(source: Path, target: Path) -> None:
    """Dequantise a GGUF file into a transformers folder (weights, config, tokenizer)."""
    from avrec.models.torchvision_fix import prepare_torchvision

    prepare_torchvision()
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    folder, name = str(source.parent), source.name
    model = AutoModelForCausalLM.from_pretrained(
        folder, gguf_file=name, quantization_config=GgufConfig(dequantize=True), dtype=torch.bfloat16
    )
    model.save_pretrained(str(target), safe_serialization=True)
    AutoTokenizer.from_pretrained(folder, gguf_file=name).save_pretrained(str(target))
