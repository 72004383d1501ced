"""The root of this package's errors."""


class GeneratorError(Exception):
    """Something that cannot be generated or published; the text says what, which, why and what to do."""
