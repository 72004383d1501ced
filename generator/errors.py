"""The base class of this package's errors."""


class GeneratorError(Exception):
    """Something cannot be generated or published; the text says what, which, why and what to do."""
