"""Hub-only architectures through the real loading code: tiny models that the test builds, saves and loads back."""

import json

import numpy as np
import pytest

from avrec.config import Settings
from avrec.models.catalogue import Models
from avrec.models.torchvision_fix import prepare_torchvision

FRAMES = np.random.default_rng(0).integers(0, 255, (3, 48, 64, 3), dtype=np.uint8)
VOCABULARY = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "[DEC]",
    "[ENC]",
    "a",
    "rocket",
    "cat",
    "launch",
    "query",
    ":",
]


def word_tokenizer():
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(VOCABULARY)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]",
        mask_token="[MASK]",
    )  # fmt: skip


@pytest.fixture
def local(tmp_path):
    prepare_torchvision()
    folder = tmp_path / "models"
    folder.mkdir()
    return folder, Settings(data=tmp_path / "data", models=folder)


def test_a_local_causal_model_embeds_documents(local):
    from transformers import Qwen2Config, Qwen2ForCausalLM

    folder, settings = local
    config = Qwen2Config(
        vocab_size=len(VOCABULARY), hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=2,
    )  # fmt: skip
    Qwen2ForCausalLM(config).save_pretrained(folder / "llm")
    word_tokenizer().save_pretrained(folder / "llm")
    models = Models(settings)
    assert models.profile == "standard"
    rows = models.documents.encode(["a rocket launch", "a cat", ""])
    assert rows.shape == (3, 16)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), [1, 1, 0], atol=1e-3)
    assert models.documents.card.source == "local folder"


def test_a_local_sentence_encoder(local):
    from transformers import BertConfig, BertModel

    folder, settings = local
    config = BertConfig(
        vocab_size=len(VOCABULARY), hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2
    )
    BertModel(config).save_pretrained(folder / "sentences")
    word_tokenizer().save_pretrained(folder / "sentences")
    sentences = Models(settings).sentences
    rows = sentences.encode(["a rocket", "", "a cat"])
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), [1, 0, 1], atol=1e-3)
    np.testing.assert_allclose(sentences.encode(["a cat"])[0], rows[2], atol=1e-2)


def test_a_local_blip_captions_frames(local):
    from transformers import BlipConfig, BlipForConditionalGeneration, BlipImageProcessor, BlipProcessor

    folder, settings = local
    text = {
        "vocab_size": len(VOCABULARY), "hidden_size": 16, "encoder_hidden_size": 16, "intermediate_size": 32,
        "num_hidden_layers": 1, "num_attention_heads": 2, "projection_dim": 16, "bos_token_id": 5, "sep_token_id": 3,
        "pad_token_id": 0, "eos_token_id": 3,
    }  # fmt: skip
    vision = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
              "image_size": 32, "patch_size": 16}  # fmt: skip
    config = BlipConfig(text_config=text, vision_config=vision, projection_dim=16)
    BlipForConditionalGeneration(config).save_pretrained(folder / "blip")
    processor = BlipImageProcessor(size={"height": 32, "width": 32})
    BlipProcessor(processor, word_tokenizer()).save_pretrained(folder / "blip")
    captioner = Models(settings).captioner
    captions = captioner.caption(FRAMES)
    assert len(captions) == 3
    assert all(isinstance(caption, str) for caption in captions)
    assert captioner.caption(FRAMES[:0]) == []


def test_a_local_clip_gives_both_towers(local):
    import open_clip
    from safetensors.torch import save_file

    folder, settings = local
    (folder / "clip").mkdir()
    shape = {
        "embed_dim": 16,
        "vision_cfg": {"image_size": 32, "layers": 1, "width": 64, "patch_size": 16},
        "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 64, "heads": 1, "layers": 1},
    }
    (folder / "clip" / "open_clip_config.json").write_text(json.dumps({"model_cfg": shape, "preprocess_cfg": {}}))
    model = open_clip.CLIP(**shape)
    save_file(
        {k: v.contiguous() for k, v in model.state_dict().items()}, folder / "clip" / "open_clip_model.safetensors"
    )
    models = Models(settings)
    pictures, words = models.image.encode(FRAMES), models.image_text.encode(["a cat", "a rocket"])
    assert pictures.shape == (3, 16)
    assert words.shape == (2, 16)
    np.testing.assert_allclose(np.linalg.norm(np.concatenate([pictures, words]), axis=1), 1, atol=1e-2)
    alone = models.image.encode(FRAMES[:1])
    assert float(alone[0] @ pictures[0]) > 0.999


def test_only_published_whisper_checkpoints_are_unpickled(local):
    from avrec.errors import WeightsMismatchError

    folder, settings = local
    (folder / "whisper").mkdir()
    (folder / "whisper" / "small.pt").write_bytes(b"cos\nsystem\n(S'touch /tmp/owned'\ntR.")
    transcriber = Models(settings).transcriber
    assert "openai-whisper" in transcriber.card.name
    with pytest.raises(WeightsMismatchError):
        transcriber.handle  # noqa: B018
