"""Analysers: frames and sound in, tracks out."""
