"""Sinks: files beside the result."""
