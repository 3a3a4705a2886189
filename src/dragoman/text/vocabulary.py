"""The four tokens that every vocabulary starts with, in one place, for both sides."""

PAD, UNK, SOS, EOS = 0, 1, 2, 3
SPECIALS = ("<pad>", "<unk>", "<sos>", "<eos>")

# What a decoder that walks along the source writes besides text; these stand next in its vocabulary, and in no other.
# Look at the next source token: of a hard monotonic decoder; of a transducer, which thereby deletes this one.
STEP, STEP_TOKEN = 4, "<step>"
# Look back at the source token before, from which what is written next comes too: of a transducer alone.
INSERT, INSERT_TOKEN = 5, "<insert>"
