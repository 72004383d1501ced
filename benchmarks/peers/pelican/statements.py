"""A Pelican plugin: one page for each line of statements.jsonl."""

import json
import tomllib
from pathlib import Path
from typing import Any

from pelican import signals
from pelican.generators import Generator


class StatementGenerator(Generator):  # type: ignore[misc] # Pelican has no types
    """Writes the pages; there is nothing to read before, so they never are in memory together."""

    def generate_output(self, writer: Any) -> None:  # noqa: ANN401 - Pelican has no types
        """One page a line."""
        labels = tomllib.loads(Path("labels.toml").read_text(encoding="utf-8"))
        template = self.get_template("statement")
        with Path("statements.jsonl").open(encoding="utf-8") as lines:
            for line in lines:
                statement = json.loads(line)
                place = f"statement/{statement['partner_id']}/index.html"
                writer.write_file(place, template, self.context, statement=statement, labels=labels)


def register() -> None:
    """Has Pelican call the generator."""
    signals.get_generators.connect(lambda _: StatementGenerator, weak=False)
