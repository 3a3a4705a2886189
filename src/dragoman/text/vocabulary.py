"""The four tokens that every vocabulary starts with, in one place, for both sides."""

PAD, UNK, SOS, EOS = 0, 1, 2, 3
SPECIALS = ("<pad>", "<unk>", "<sos>", "<eos>")

# Fifth in the target vocabulary of a hard monotonic model, and of no other: look at the next source token.
STEP, STEP_TOKEN = 4, "<step>"
