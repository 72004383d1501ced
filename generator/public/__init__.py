"""The public site: pages, feeds, cards and the files for machines."""
