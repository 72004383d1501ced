"""The screens on which people write: the list of all texts, the editor, translations."""
