"""More text than one process should translate: shards of files, workers on Ray, one output a shard."""
