"""Tensors only: no strings, no files.

The order to read in: `state`, `cells`, `encoders`, `bridges`, `attention`, `decoders`, `generators`, `model`.
"""
