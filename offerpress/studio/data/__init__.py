"""The screens about data: each table as it was read, and the steps that connect a file to it."""
