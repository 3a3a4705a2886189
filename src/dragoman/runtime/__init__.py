"""A bundle, read and run on ONNX Runtime: no torch here."""
