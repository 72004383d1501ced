"""A build of `output/`: shards, workers, manifest and publishing."""
