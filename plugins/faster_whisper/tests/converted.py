"""A checkpoint of openai-whisper as CTranslate2 reads it, with its tokenizer.

Names of weights follow `ctranslate2.converters.transformers`, which reads the same net from
Hugging Face's format.
"""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from ctranslate2.specs import WhisperSpec
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from whisper.tokenizer import get_tokenizer

_LANGUAGES = range(50_259, 50_358)
_SPACE, _END = 220, 50_257  # what no text begins with


def convert(checkpoint: dict[str, Any], folder: Path) -> Path:
    """Writes `dims` and `model_state_dict` as a model of faster-whisper."""
    dims = checkpoint["dims"]
    weights = {k: v.float().numpy() for k, v in checkpoint["model_state_dict"].items()}
    spec = WhisperSpec(
        dims["n_audio_layer"], dims["n_audio_head"], dims["n_text_layer"], dims["n_text_head"]
    )
    _encoder(spec.encoder, weights)
    _decoder(spec.decoder, weights)
    layers, heads = dims["n_text_layer"], dims["n_text_head"]
    spec.config.alignment_heads = list(product(range(layers // 2, layers), range(heads)))
    spec.config.lang_ids = list(_LANGUAGES)
    spec.config.suppress_ids, spec.config.suppress_ids_begin = [], [_SPACE, _END]
    tokens = _tokens()
    spec.register_vocabulary(tokens)
    spec.validate()
    spec.optimize()
    folder.mkdir(parents=True, exist_ok=True)
    spec.save(str(folder))
    _tokenizer(tokens).save(str(folder / "tokenizer.json"))
    config = {"feature_size": dims["n_mels"], "sampling_rate": 16_000, "n_fft": 400}
    (folder / "preprocessor_config.json").write_text(json.dumps(config))
    return folder


def _encoder(spec: Any, weights: dict[str, np.ndarray]) -> None:
    for name in ("conv1", "conv2"):
        _linear(getattr(spec, name), weights, f"encoder.{name}")
    spec.position_encodings.encodings = weights["encoder.positional_embedding"]
    _norm(spec.layer_norm, weights, "encoder.ln_post")
    for number, layer in enumerate(spec.layer):
        _block(layer, weights, f"encoder.blocks.{number}")


def _decoder(spec: Any, weights: dict[str, np.ndarray]) -> None:
    spec.embeddings.weight = weights["decoder.token_embedding.weight"]
    spec.projection.weight = weights["decoder.token_embedding.weight"]
    spec.position_encodings.encodings = weights["decoder.positional_embedding"]
    _norm(spec.layer_norm, weights, "decoder.ln")
    for number, layer in enumerate(spec.layer):
        block = f"decoder.blocks.{number}"
        _block(layer, weights, block)
        across = layer.attention
        _joined(across.linear[0], weights, f"{block}.cross_attn", ("query",))
        _joined(across.linear[1], weights, f"{block}.cross_attn", ("key", "value"))
        _linear(across.linear[2], weights, f"{block}.cross_attn.out")
        _norm(across.layer_norm, weights, f"{block}.cross_attn_ln")


def _block(layer: Any, weights: dict[str, np.ndarray], block: str) -> None:
    own = layer.self_attention
    _joined(own.linear[0], weights, f"{block}.attn", ("query", "key", "value"))
    _linear(own.linear[1], weights, f"{block}.attn.out")
    _norm(own.layer_norm, weights, f"{block}.attn_ln")
    _linear(layer.ffn.linear_0, weights, f"{block}.mlp.0")
    _linear(layer.ffn.linear_1, weights, f"{block}.mlp.2")
    _norm(layer.ffn.layer_norm, weights, f"{block}.mlp_ln")


def _linear(spec: Any, weights: dict[str, np.ndarray], name: str) -> None:
    spec.weight, spec.bias = weights[f"{name}.weight"], weights[f"{name}.bias"]


def _joined(spec: Any, weights: dict[str, np.ndarray], name: str, parts: tuple[str, ...]) -> None:
    found = [weights[f"{name}.{part}.weight"] for part in parts]
    spec.weight = np.concatenate(found)
    none = np.zeros(len(found[0]), np.float32)  # keys have no bias
    spec.bias = np.concatenate([weights.get(f"{name}.{part}.bias", none) for part in parts])


def _norm(spec: Any, weights: dict[str, np.ndarray], name: str) -> None:
    spec.gamma, spec.beta = weights[f"{name}.weight"], weights[f"{name}.bias"]


def _signs() -> dict[int, str]:
    """A printable sign for each byte, as byte-level BPE writes tokens (Radford et al., 2019)."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {b: chr(b) for b in plain} | {b: chr(256 + n) for n, b in enumerate(others)}


def _tokens() -> list[str]:
    """All tokens of the multilingual models, by number."""
    encoding, signs = get_tokenizer(multilingual=True).encoding, _signs()
    plain = {number: bytes_ for bytes_, number in encoding._mergeable_ranks.items()}
    special = {number: text for text, number in encoding._special_tokens.items()}
    special[encoding._special_tokens["<|nospeech|>"]] = "<|nospeech|>"
    return [
        "".join(signs[byte] for byte in plain[number]) if number in plain else special[number]
        for number in range(encoding.n_vocab)
    ]


def _tokenizer(tokens: list[str]) -> Tokenizer:
    """Byte-level BPE: two tokens merge where their joint text is one, the lowest number first."""
    end = tokens.index("<|endoftext|>")
    numbers = {token: number for number, token in enumerate(tokens[:end])}
    merges = [
        (token[:cut], token[cut:])
        for token in tokens[:end]
        for cut in range(1, len(token))
        if token[:cut] in numbers and token[cut:] in numbers
    ]
    made = Tokenizer(models.BPE(numbers, merges))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens([AddedToken(text, special=True) for text in tokens[end:]])
    return made
