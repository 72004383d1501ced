"""Writing content files: opening, changing single keys, saving, drafts, versions and the work tree of git."""
