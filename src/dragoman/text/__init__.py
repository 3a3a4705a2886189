"""Text to token ids and back. The order to read in: `vocabulary`, `normalise`, `tokenizers`."""
