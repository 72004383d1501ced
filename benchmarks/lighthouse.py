"""Lighthouse on the home page, an announcement and the statement of the sample: `make lighthouse`.

Lighthouse itself comes from npm into `build/lighthouse`; it drives the Chromium that is installed, and asks no host but
this machine. Written to the file of `--json`, and beside the scores what they were measured with.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ROOT / "build" / "lighthouse"
VERSION = "12.8.2"
COMMAND = str(Path(sys.executable).with_name("offerpress"))
SECRET = {"OFFERPRESS_SITE_SECRET": "0123456789abcdef" * 4}
PAGES = {"home": "/", "announcement": "/announcements/thank-you/", "statement": "/statement/"}
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
FLAGS = "--headless=new --no-sandbox --disable-gpu"


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Says nothing."""
        del format, args


def installed() -> Path:
    """Lighthouse, fetched from npm where it is not there yet."""
    program = TOOLS / "node_modules" / ".bin" / "lighthouse"
    if not program.exists():
        TOOLS.mkdir(parents=True, exist_ok=True)
        fetch = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(TOOLS)]
        subprocess.run([*fetch, f"lighthouse@{VERSION}"], check=True)
    return program


def build_sample(folder: Path, base_url: str) -> None:
    """Builds the sample in `folder` as the site of that address: a page's own address is part of what is measured."""
    for name in ("content", "data"):
        shutil.copytree(ROOT / name, folder / name)
    settings = (ROOT / "offerpress.toml").read_text(encoding="utf-8")
    settings = re.sub(r"(?m)^base_url = .*$", f'base_url = "{base_url}"', settings)
    (folder / "offerpress.toml").write_text(settings, encoding="utf-8")
    command = [COMMAND, "build", "--site", str(folder), "--as-of", "2023-12-31"]
    subprocess.run(command, env=os.environ | SECRET, check=True)


def scores(program: Path, url: str) -> dict[str, int]:
    """Points of 100 by category, as on a phone with a slow connection."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome") or ""
    command = [str(program), url, "--quiet", "--output=json", f"--chrome-flags={FLAGS}"]
    command += [f"--only-categories={','.join(CATEGORIES)}", f"--chrome-path={chromium}"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=os.environ | {"CHROME_PATH": chromium}
    )
    report = json.loads(done.stdout)
    return {name: round(100 * report["categories"][name]["score"]) for name in CATEGORIES}


def main() -> None:
    """Builds, serves, measures and writes."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--json", type=Path)
    target = arguments.parse_args().json
    program = installed()
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "output"
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(output)))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}"
        build_sample(Path(folder), base)
        found = {name: scores(program, base + path) for name, path in PAGES.items()}
        server.shutdown()
    result = {"lighthouse": VERSION, "pages": found}
    text = json.dumps(result, indent=1)
    print(text)
    if target:
        target.write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
