"""What another process does of a render: the pieces of one share."""

from __future__ import annotations

import threading

from aigc_edit.engine.device import resolve_device
from aigc_edit.engine.planner import make_plan
from aigc_edit.engine.progress import Clock
from aigc_edit.engine.render import render_pieces
from aigc_edit.engine.rendering import Rendering
from aigc_edit.engine.resume import render_key
from aigc_edit.engine.runner import RunOptions
from aigc_edit.engine.sharing import Share
from aigc_edit.errors import UsageError
from aigc_edit.media import Damage, Scratch, own_threads, probe
from aigc_edit.pipeline import Pipeline


def render_share(pipeline: Pipeline, share: Share, options: RunOptions) -> float:
    """Makes the pieces of a share, into the folder that it names; returns seconds of video.

    Raises:
        UsageError: this process would make other pictures: of another source, with other code,
            weights or libraries.
    """
    source, cache = probe(share.source, pipeline.input.choice()), options.track_cache()
    tracks, device = share.tracks, resolve_device(options.device)
    plan = make_plan(
        pipeline,
        source,
        (),
        edits=share.edits,
        output=share.output,
        tracks=tracks,
        no_copies=share.no_copies,
    )
    theirs = share.device if _kind(device) == _kind(share.device) else device
    key = render_key(pipeline, plan.render, cache.source_key(source), tracks, theirs)
    if key != share.key:
        raise UsageError("other pictures would come out here: is it the same toolkit and device?")
    if share.net_threads:
        import torch

        torch.set_num_threads(share.net_threads)
    clock = Clock(options.progress)
    threads = share.threads if share.threads != own_threads(plan.render.encoder) else 0
    rendering = Rendering(
        pipeline=pipeline,
        source=source,
        damage=Damage(),
        edits=share.edits,
        tracks=tracks,
        plan=plan,
        device=device,
        digest="",
        clock=clock,
        scratch=Scratch(share.folder, share.output),
        guard=options.guard,
        threads=threads,
    )
    pieces = [plan.render.pieces[number] for number in share.pieces]
    with clock.running("render", 0):
        render_pieces(rendering.job(threading.Event()), share.pieces, clock)
    return float(sum(piece.duration for piece in pieces))


def _kind(device: str) -> str:
    return device.partition(":")[0]
