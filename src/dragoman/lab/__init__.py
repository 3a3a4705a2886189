"""Findings of the field, made again: `context`, what a fixed context vector loses; `gradient`, what a cell forgets."""
