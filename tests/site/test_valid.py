"""Every page of both sites is valid HTML by the W3C's own checker, the page that opens statements included."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.site.conftest import Built

VNU = Path(__file__).parents[1] / "tools/node_modules/vnu-jar/build/dist/vnu.jar"


@pytest.mark.xdist_group("sites")
def test_every_page_is_valid(built: Built) -> None:
    """The Nu Html Checker finds no error in any page."""
    for folder, least in ((built.sample, 40), (built.odd, 300)):
        pages = [str(path) for path in folder.rglob("*.html")]
        assert least < len(pages)
        command = ["java", "-Xss4m", "-jar", str(VNU), "--errors-only", "--format", "json", *pages]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert [] == json.loads(done.stderr)["messages"]
        assert 0 == done.returncode
