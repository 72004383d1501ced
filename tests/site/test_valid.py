"""Every page of both sites is valid HTML by the W3C's own checker, the page that opens statements included."""

import json
import re
import subprocess
from pathlib import Path

from tests.site.conftest import Built

VNU = Path(__file__).parents[1] / "tools/node_modules/vnu-jar/build/dist/vnu.jar"


# Three hundred announcements are made from one pattern: those of the first hundred say nothing new to a checker.
ALIKE = re.compile(r"/announcements/generated-[012]")


def test_every_page_is_valid(built: Built) -> None:
    """The Nu Html Checker finds no error in any page; of pages that are made alike it reads some."""
    pages = [str(path) for folder in (built.sample, built.odd) for path in sorted(folder.rglob("*.html"))]
    alike = [page for page in pages if ALIKE.search(page)]
    assert len(alike) > 250
    different = sorted(set(pages) - set(alike))
    assert len(different) > 60
    command = ["java", "-Xss4m", "-jar", str(VNU), "--errors-only", "--format", "json"]
    done = subprocess.run([*command, *alike[::25], *different], capture_output=True, text=True, check=False)
    assert [] == json.loads(done.stderr)["messages"]
    assert 0 == done.returncode
