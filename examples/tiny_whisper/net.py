"""Whisper itself with a short table of tokens, and what it learns from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence
from whisper.model import ModelDimensions, MultiHeadAttention, Whisper

from tiny_whisper import phrases, store, tokens
from tiny_whisper.windows import Window

WIDTH, HEADS = 96, 4
DIMS = {
    "n_mels": 80, "n_audio_ctx": 1500, "n_audio_state": WIDTH, "n_audio_head": HEADS,
    "n_audio_layer": 3, "n_vocab": tokens.VOCABULARY, "n_text_ctx": 448, "n_text_state": WIDTH,
    "n_text_head": HEADS, "n_text_layer": 4,
}  # fmt: skip
FRAME = tokens.STAMP_SECONDS  # seconds between two states of the encoder
_IGNORED = -100  # a target that counts for nothing
_REACH = ((-9, -3, 3, 9), (-14, -5, 5, 14), (-20, -7, 7, 20))  # frames, a layer and head
_SHARPNESS = 1.5  # of the encoder's attention at first
_SILENCE_WEIGHT = 0.3
_GUIDE_WEIGHT, _WORD_WEIGHT = 0.3, 0.5


@dataclass(frozen=True)
class Batch:
    """Windows of one length, as tensors.

    Attributes:
        mel: float32 [B, 80, 2 T].
        starts: int64 [B], the first frame's number in Whisper's 1500.
        read: int64 [B, N], our tokens that the decoder reads.
        targets: int64 [B, N], those that it shall say after each.
        guide: float32 [B, N, T], where the decoder shall listen for each; a row sums to 1 or 0.
        words: int64 [B, T], the word that is spoken in each frame, 0 where none.
    """

    mel: Tensor
    starts: Tensor
    read: Tensor
    targets: Tensor
    guide: Tensor
    words: Tensor


def batch(windows: Sequence[Window], starts: Sequence[int]) -> Batch:
    """Windows as tensors; `starts` is the number of each one's first frame."""
    frames = windows[0].mel.shape[1] // 2
    said = [torch.tensor([tokens.ours(h.token) for h in w.sequence]) for w in windows]
    read = pad_sequence([one[:-1] for one in said], batch_first=True)
    targets = pad_sequence([_targets(w) for w in windows], batch_first=True, padding_value=_IGNORED)
    guide = pad_sequence([_guide(w, frames) for w in windows], batch_first=True)
    words = torch.stack([_spoken(w, frames) for w in windows])
    mel = torch.stack([w.mel for w in windows])
    return Batch(mel, torch.tensor(starts), read, targets, guide, words)


def _targets(window: Window) -> Tensor:
    known = tokens.tokenizer()
    targets = torch.tensor([tokens.ours(h.token) for h in window.sequence[1:]])
    targets[: window.first - 1] = _IGNORED
    # Whoever decodes says whether there shall be time stamps.
    targets[targets == tokens.ours(known.no_timestamps)] = _IGNORED
    if not window.said:
        targets[0] = tokens.ours(known.no_speech)
    return targets


def _guide(window: Window, frames: int) -> Tensor:
    guide = torch.zeros(len(window.sequence) - 1, frames)
    for row, token in enumerate(window.sequence[1:]):
        if token.span is not None:
            first, last = _frames(token.span, frames)
            guide[row, first:last] = 1 / (last - first)
    return guide


def _spoken(window: Window, frames: int) -> Tensor:
    numbers = {word.lower(): n for n, word in enumerate(phrases.vocabulary(), 1)}
    spoken = torch.zeros(frames, dtype=torch.int64)
    for said in window.said:
        for word, span in zip(phrases.words(said.text), said.times, strict=True):
            first, last = _frames(span, frames)
            spoken[first:last] = numbers[word]
    return spoken


def _frames(span: tuple[float, float], frames: int) -> tuple[int, int]:
    """At least one frame, inside the window."""
    first = min(round(span[0] / FRAME), frames - 1)
    return first, min(max(round(span[1] / FRAME), first + 1), frames)


class TinyWhisper(nn.Module):
    """Whisper with the known tokens only; time stamps are a map of their position."""

    def __init__(self) -> None:
        super().__init__()
        self.whisper = Whisper(ModelDimensions(**DIMS | {"n_vocab": len(tokens.known())}))
        self.stamps = nn.Parameter(0.3 * torch.eye(WIDTH, WIDTH + 1))
        self.words = nn.Linear(WIDTH, len(phrases.vocabulary()) + 1)  # only to learn by
        self.register_buffer("places", store.positions(DIMS["n_audio_ctx"], WIDTH))
        decoder = self.whisper.decoder
        nn.init.normal_(decoder.token_embedding.weight, std=0.1)
        nn.init.normal_(decoder.positional_embedding, std=0.02)
        nn.init.constant_(decoder.ln.bias, 0.3)  # store.never needs one that is not zero
        for block, reach in zip(self.whisper.encoder.blocks, _REACH, strict=True):
            look_aside(block.attn, reach)

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """What there is to learn: tokens, where they are heard, and the word of each frame."""
        sound = self.listen(batch.mel, batch.starts)  # [B, T, D]
        logits, attention = self.read(batch.read, sound)
        silence = torch.ones(self.words.out_features)
        silence[0] = _SILENCE_WEIGHT
        guided = batch.guide[:, None, None]  # [B, 1, 1, N, T]
        rows = batch.guide.sum(-1).sum().clamp(min=1) * attention.shape[1] * attention.shape[2]
        return {
            "tokens": functional.cross_entropy(logits.flatten(0, 1), batch.targets.flatten()),
            "guide": -(guided * attention).sum() / rows * _GUIDE_WEIGHT,
            "words": functional.cross_entropy(
                self.words(sound).flatten(0, 1), batch.words.flatten(), silence
            ) * _WORD_WEIGHT,
        }  # fmt: skip

    def listen(self, mel: Tensor, starts: Tensor) -> Tensor:
        """Whisper's encoder, for windows shorter than 30 s that begin anywhere. [B, T, D]"""
        encoder = self.whisper.encoder
        x = functional.gelu(encoder.conv1(mel))
        x = functional.gelu(encoder.conv2(x)).permute(0, 2, 1)  # [B, T, D]
        x = x + self.places[starts[:, None] + torch.arange(x.shape[1])]
        for block in encoder.blocks:
            x = block(x)
        return encoder.ln_post(x)

    def read(self, read: Tensor, sound: Tensor) -> tuple[Tensor, Tensor]:
        """Whisper's decoder, which also says where it listens.

        Returns:
            logits of our tokens [B, N, V], and the logarithm of the attention of the layers
            that Whisper takes word times from, the last half: [B, L, H, N, T].
        """
        decoder = self.whisper.decoder
        table = torch.cat([decoder.token_embedding.weight, store.stamp_rows(self.stamps)])
        x = table[read] + decoder.positional_embedding[: read.shape[1]]
        attention, half = [], len(decoder.blocks) // 2
        for block in decoder.blocks[:half]:
            x = block(x, sound, mask=decoder.mask)
        for block in decoder.blocks[half:]:
            x = x + block.attn(block.attn_ln(x), mask=decoder.mask)[0]
            heard, where = attend(block.cross_attn, block.cross_attn_ln(x), sound)
            x = x + heard
            x = x + block.mlp(block.mlp_ln(x))
            attention.append(where)
        return decoder.ln(x) @ table.T, torch.stack(attention, 1)

    def weights(self) -> dict[str, Tensor]:
        """What `store.save` takes."""
        weights = dict(self.whisper.state_dict())
        rows = weights.pop("decoder.token_embedding.weight")
        known = torch.tensor(tokens.known(), dtype=torch.int32)
        return weights | {"known.rows": rows, "known.ids": known, "stamps": self.stamps.detach()}


def attend(layer: MultiHeadAttention, x: Tensor, sound: Tensor) -> tuple[Tensor, Tensor]:
    """Whisper's cross-attention, with the logarithm of its weights: [B, N, D], [B, H, N, T]."""
    query, key, value = (
        part.unflatten(-1, (layer.n_head, -1)).transpose(1, 2)
        for part in (layer.query(x), layer.key(sound), layer.value(sound))
    )  # each [B, H, N or T, D / H]
    where = functional.log_softmax((query * query.shape[-1] ** -0.5) @ key.mT, -1)
    return layer.out((where.exp() @ value).transpose(1, 2).flatten(2)), where


@torch.no_grad()
def look_aside(layer: MultiHeadAttention, reach: Sequence[int]) -> None:
    """Lets each head of self-attention look so many frames to the side at first.

    A head compares half of the frequencies of the positions: query and key become their sines
    and cosines, the key's turned by the reach. Without this, most of an hour goes by until
    the heads find their neighbours.
    """
    half = WIDTH // layer.n_head // 2
    radians = store.positions(2, WIDTH)[1, : 2 * half].arcsin()
    layer.query.bias.zero_()
    for head, frames in enumerate(reach):
        for row in range(half):
            at, wave = head * 2 * half + row, 2 * row + head % 2
            turn = radians[wave] * frames
            sine, cosine = wave, wave + 2 * half
            for matrix, angle in ((layer.query.weight, turn), (layer.key.weight, turn * 0)):
                matrix[[at, at + half]] *= 0.1
                matrix[at, sine] = angle.cos() * _SHARPNESS
                matrix[at, cosine] = angle.sin() * _SHARPNESS
                matrix[at + half, sine] = -angle.sin() * _SHARPNESS
                matrix[at + half, cosine] = angle.cos() * _SHARPNESS
