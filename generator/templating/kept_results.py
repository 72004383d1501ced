"""Results that follow from one text alone, kept while the texts stay, in memory and in a file.

A reading of all content asks for each result again, and computes only those of new texts. The file saves time and never
decides a result: one that is damaged, of another program or of another form is not used.
"""

import marshal
import pickle
from collections.abc import Callable
from hashlib import sha256
from io import BytesIO
from types import CodeType
from typing import Any, TypeVar, cast

_Result = TypeVar("_Result")
_Key = tuple[str, str]
TextResults = dict[_Key, object]
"""Results by their kind and the digest of their text."""
# The pickled results hold values of these modules, and nothing else is made of them.
_OURS = ("generator.content.", "generator.notices.", "rewards.")
_OTHERS = frozenset({"datetime.date", "datetime.datetime", "decimal.Decimal", "fractions.Fraction"})


def closed_digest(*facts: object, has_sets: bool = False) -> str:
    """Return a SHA-256 over values of our own and builtin types.

    It is over their pickled form: whoever reads that form gets equal values back, so different values have different
    forms. A value without such a form, such as a function inside another one, raises `pickle.PicklingError`,
    `TypeError` or `AttributeError`. Without `has_sets`, equal sets may have different digests.
    """
    written = BytesIO()
    pickler = (_WithSets if has_sets else pickle.Pickler)(written, 5)
    # Equal values give equal bytes, whether or not two of them are the same object.
    pickler.fast = True
    try:
        pickler.dump(facts)
    except KeyError:
        if has_sets:
            raise
        return closed_digest(*facts, has_sets=True)  # in this mode Python 3.11 fails at the 50th set
    return sha256(written.getbuffer()).hexdigest()


class _WithSets(pickle.Pickler):
    """Writes a set by the digests of its elements: their order differs from process to process."""

    def persistent_id(self, value: object) -> object:
        if not isinstance(value, set | frozenset):
            return None
        return sorted(closed_digest(one, has_sets=True) for one in value)


class KeptResults:
    """Results by what they are and the digest of their text; those that a reading did not ask for are dropped.

    Threads may read and begin at once: a result that one of them drops is made again.
    """

    def __init__(self) -> None:
        self._readings: tuple[dict[_Key, object], dict[_Key, object]] = {}, {}
        """What the present reading asked for, and what is known from before; replaced together."""
        self._codes: dict[str, tuple[str, CodeType | bytes]] = {}
        self.has_new = False

    def of(self, kind: str, digest: str, make: Callable[[], _Result]) -> _Result:
        """Return the result of that kind for the text with that digest, which `make` makes if it is not known."""
        key, (present, earlier) = (kind, digest), self._readings
        if key in present:
            return cast("_Result", present[key])
        if key in earlier:
            found = cast("_Result", earlier[key])
        else:
            found, self.has_new = make(), True
        present[key] = found
        return found

    def code(self, digest: str, make: Callable[[], CodeType]) -> CodeType:
        """Return the code of a text of a campaign, with `digest` over the text and its kind, which `make` compiles."""
        written = self.of("code", digest, lambda: marshal.dumps(make()))
        return cast("CodeType", marshal.loads(written))  # noqa: S302 - this program wrote it

    def code_of(self, template: str, checksum: str) -> CodeType | None:
        """Return the code of a template by its key and the checksum of its source; None if it is not known."""
        known, code = self._codes.get(template, ("", b""))
        if known != checksum:
            return None
        if isinstance(code, bytes):
            code = marshal.loads(code)  # noqa: S302 - this program wrote it
            self._codes[template] = checksum, code
        return code

    def keep_code(self, template: str, checksum: str, code: CodeType) -> None:
        """Keep the code of a template in place of that of its former source."""
        self._codes[template] = checksum, code
        self.has_new = True

    @property
    def is_empty(self) -> bool:
        """Whether no result is known."""
        return not any(self._readings)

    @property
    def asked(self) -> TextResults:
        """The results that the present reading asked for."""
        return dict(self._readings[0])

    def learn(self, results: TextResults) -> None:
        """Know the results that another process of this program made."""
        present, earlier = self._readings
        self._readings = present, {**earlier, **results}
        self.has_new = True

    def begin(self) -> None:
        """Begin a reading: results that neither it nor the one before asks for are dropped."""
        present, earlier = self._readings
        self._readings = {}, present or earlier

    def written(self, program: str) -> bytes:
        """Return a file of the results; `program` is the digest of the program that made them.

        Those of kinds that the reading did not ask for, such as campaigns for one statement, are kept for later ones.
        """
        self.has_new = False
        present, earlier = self._readings
        asked = {kind for kind, _ in tuple(present)}
        unasked = {key: found for key, found in earlier.items() if key[0] not in asked}
        codes = {
            key: (checksum, code if isinstance(code, bytes) else marshal.dumps(code))
            for key, (checksum, code) in tuple(self._codes.items())
        }
        return cache_bytes(({**unasked, **present}, codes), program)

    def read(self, data: bytes, program: str) -> None:
        """Know the results of a file beside those of this process, if this program wrote it and it is undamaged."""
        found = cached_value(data, program)
        if found is not None:
            results, codes = found
            present, earlier = self._readings
            self._readings, self._codes = (present, {**results, **earlier}), {**codes, **self._codes}


_HEAD = 64


def cache_bytes(value: object, key: str) -> bytes:
    """Return the content of a file from which `cached_value` returns an equal value under that key alone."""
    written = pickle.dumps(value, 5)
    return _head(key, written) + written


def cached_value(data: bytes, key: str) -> Any:  # noqa: ANN401 - what was given
    """Return the value of `cache_bytes`; None if the bytes are damaged or were written under another key.

    The key names the program too, so that no value of another version is taken.
    """
    if not data.startswith(_head(key, memoryview(data)[_HEAD:])):
        return None
    return _Reader(BytesIO(data[_HEAD:])).load()


def _head(key: str, written: bytes | memoryview) -> bytes:
    return sha256(key.encode() + b"\0" + written).hexdigest().encode()


class _Reader(pickle.Unpickler):
    """Makes values of our own content only."""

    def find_class(self, module: str, name: str) -> object:
        if module.startswith(_OURS) or f"{module}.{name}" in _OTHERS:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} is no value of content")


TEXT_RESULTS = KeptResults()
"""The results of this process."""
