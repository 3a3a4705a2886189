"""A kernel of our own for int8 bundles, compiled for one machine: optional, and faster than ONNX Runtime there."""
