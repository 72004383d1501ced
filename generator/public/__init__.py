"""The public site: pages, feeds, cards and the files that crawlers read."""
