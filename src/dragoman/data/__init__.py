"""Files to batches: corpora, their readers, and how they are padded and bucketed."""
