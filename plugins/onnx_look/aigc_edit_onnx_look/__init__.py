"""Any image-to-image ONNX model as a look."""

from .look import OnnxLook

__all__ = ["OnnxLook"]
