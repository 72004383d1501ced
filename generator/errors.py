"""The errors of this package that several of its modules raise or meet."""

from rewards.faults import Fault


class GeneratorError(Exception):
    """Something cannot be generated or published; the text says what, which, why and what to do."""


class UnreadableMarkdownError(Exception):
    """A text is too long or nested too deeply; `begin` is the beginning of the piece that is."""

    def __init__(self, what: str, remedy: str, begin: str = "") -> None:
        super().__init__(what)
        self.what, self.remedy, self.begin = what, remedy, begin

    def fault(self, text: str, file: str, first_line: int) -> Fault:
        """Return the fault for the text, which begins at `first_line` of `file`."""
        place = max(text.find(self.begin), 0)
        return Fault(self.what, self.remedy, file, first_line + text.count("\n", 0, place))
