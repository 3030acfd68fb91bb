"""Tiny models with random weights, saved as people's model folders are: same architectures, same files, kilobytes."""

import json
from pathlib import Path

from avrec.models.torchvision_fix import prepare_torchvision

WORDS = (
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "[DEC]",
    "a",
    "cat",
    "rocket",
    "query",
    ":",
    "on",
    "the",
    "moon",
    "sleeps",
)


def word_tokenizer(kind, **special):
    """A fast tokenizer over fifteen words."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    ids = {word: i for i, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordLevel(ids, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", ids["[CLS]"]), ("[SEP]", ids["[SEP]"])]
    )
    return kind(tokenizer_object=tokenizer, **special)


def save_language_model(folder: Path) -> Path:
    """A Qwen2 of two layers, 32 wide, over single bytes."""
    prepare_torchvision()
    import torch
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import Qwen2Config, Qwen2ForCausalLM, Qwen2Tokenizer

    torch.manual_seed(0)
    vocabulary = {symbol: i for i, symbol in enumerate([*sorted(ByteLevel.alphabet()), "<|endoftext|>"])}
    config = Qwen2Config(
        vocab_size=len(vocabulary), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=1024,
    )  # fmt: skip
    Qwen2ForCausalLM(config).save_pretrained(str(folder))
    Qwen2Tokenizer(vocab=vocabulary, merges=[]).save_pretrained(str(folder))
    return folder


def save_sentence_encoder(folder: Path) -> Path:
    """A multilingual-e5-like encoder: XLM-RoBERTa, two layers, 32 wide."""
    prepare_torchvision()
    import torch
    from transformers import PreTrainedTokenizerFast, XLMRobertaConfig, XLMRobertaModel

    torch.manual_seed(0)
    config = XLMRobertaConfig(
        vocab_size=len(WORDS), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        max_position_embeddings=520, pad_token_id=0,
    )  # fmt: skip
    XLMRobertaModel(config, add_pooling_layer=False).save_pretrained(str(folder))
    word_tokenizer(PreTrainedTokenizerFast, unk_token="[UNK]", pad_token="[PAD]").save_pretrained(str(folder))
    return folder


def save_blip(folder: Path) -> Path:
    """A BLIP captioner: vision tower of 32 pixels, text decoder of two layers."""
    prepare_torchvision()
    import torch
    from transformers import (
        BertTokenizerFast,
        BlipConfig,
        BlipForConditionalGeneration,
        BlipImageProcessor,
        BlipProcessor,
    )

    torch.manual_seed(0)
    text = {
        "vocab_size": len(WORDS), "hidden_size": 32, "encoder_hidden_size": 32, "intermediate_size": 64,
        "num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 64, "bos_token_id": 5,
        "eos_token_id": 3, "sep_token_id": 3, "pad_token_id": 0, "projection_dim": 16,
    }  # fmt: skip
    vision = {
        "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "image_size": 32,
        "patch_size": 16, "projection_dim": 16,
    }  # fmt: skip
    model = BlipForConditionalGeneration(BlipConfig(text_config=text, vision_config=vision, projection_dim=16))
    model.text_decoder.cls.predictions.bias.data[WORDS.index("cat")] = 10.0  # so that it says something
    model.save_pretrained(str(folder))
    tokenizer = BertTokenizerFast(vocab={word: i for i, word in enumerate(WORDS)})
    processor = BlipProcessor(BlipImageProcessor(size={"height": 32, "width": 32}), tokenizer)
    processor.save_pretrained(str(folder))
    return folder


def save_clip(folder: Path, resize_mode: str = "shortest") -> Path:
    """Both towers of a CLIP, 32 pixels, 16-d, in an open_clip folder."""
    prepare_torchvision()
    import torch
    from open_clip.model import CLIP
    from safetensors.torch import save_file

    torch.manual_seed(0)
    towers = {
        "embed_dim": 16,
        "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "head_width": 32, "patch_size": 16},
        "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2},
    }
    preprocess = {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "resize_mode": resize_mode}
    folder.mkdir(parents=True, exist_ok=True)
    config = {"model_cfg": towers, "preprocess_cfg": preprocess}
    (folder / "open_clip_config.json").write_text(json.dumps(config), encoding="utf-8")
    state = {name: tensor.contiguous() for name, tensor in CLIP(**towers).state_dict().items()}
    save_file(state, str(folder / "open_clip_model.safetensors"))
    return folder


def save_all(folder: Path) -> Path:
    """A whole model folder."""
    save_clip(folder / "clip")
    save_blip(folder / "blip")
    save_language_model(folder / "llm")
    save_sentence_encoder(folder / "sentences")
    return folder
