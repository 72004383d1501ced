"""Checks the recipes for web hosts: their files are well-formed, and nginx sends the headers of a build."""

import json
import re
import socket
import ssl
import subprocess
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import Message
from pathlib import Path
from typing import cast

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from ruamel.yaml import YAML

from tests.acceptance.conftest import AS_OF, Prepare, after
from tests.servers.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "how-to" / "publish.md").read_text(encoding="utf-8")
NGINX = "/usr/sbin/nginx"
HOUR = timedelta(hours=1)


def fences(language: str) -> list[str]:
    """Return the blocks of that language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def output(prepare: Prepare) -> Path:
    """Return the output folder of the sample site, which no test changes."""
    return prepare("built", after(("build", *AS_OF))) / "output"


def built_headers(output: Path, path: str) -> dict[str, str]:
    """Return the headers of a path in `_headers`; a later one replaces an earlier one."""
    found: dict[str, str] = {}
    holds = False
    for line in (output / "_headers").read_text(encoding="utf-8").splitlines():
        if line.startswith("/"):
            holds = path.startswith(line.rstrip("*"))
        elif holds and line.strip():
            name, _, value = line.strip().partition(": ")
            found[name] = value
    return found


def write_certificate(folder: Path) -> None:
    """Write a self-signed certificate for this machine, with the file names of the recipe."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "partners.example")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now - HOUR).not_valid_after(now + HOUR)
    certificate = builder.sign(key, hashes.SHA256())
    form = serialization.PrivateFormat.PKCS8
    pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    (folder / "fullchain.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "privkey.pem").write_bytes(pem)


@pytest.fixture(scope="module")
def nginx(output: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run nginx with the recipe's server, except for port and folders, and yield its address."""
    folder = tmp_path_factory.mktemp("nginx")
    write_certificate(folder)
    port = free_port()
    (server,) = fences("nginx")
    for old, new in (
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("/etc/ssl/partners", str(folder)),
        ("/srv/partners/site", str(output)),
    ):
        assert old in server
        server = server.replace(old, new)
    places = "".join(
        f"{name}_temp_path {folder}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    settings = folder / "nginx.conf"
    settings.write_text(
        f"daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log {folder}/error.log;\nevents {{}}\n"
        f"http {{\naccess_log off;\ninclude /etc/nginx/mime.types;\n{places}{server}\n}}\n",
        encoding="utf-8",
    )
    command = [NGINX, "-c", str(settings), "-e", str(folder / "error.log")]
    tried = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert 0 == tried.returncode, tried.stderr
    with subprocess.Popen(command) as process:
        while process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except ConnectionRefusedError:
                continue
        yield f"https://127.0.0.1:{port}"
        process.terminate()


def get(address: str) -> tuple[int, Message, bytes]:
    """Return status, headers and body, and accept any certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with urllib.request.urlopen(address, context=context, timeout=120) as answer:  # noqa: S310 - our own server
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def test_nginx_sends_the_headers_of_the_build(nginx: str, output: Path) -> None:
    """Home, an asset, the statement's page and a pack come with every header that `_headers` has for them."""
    asset = next(path.name for path in sorted((output / "assets").iterdir()))
    pack = next(
        path.relative_to(output).as_posix()
        for path in sorted((output / "statement" / "packs").rglob("*.bin"))
    )
    for path in ("/", f"/assets/{asset}", "/statement/", f"/{pack}"):
        status, headers, _ = get(nginx + path)
        assert 200 == status, path
        expected = built_headers(output, path)
        assert expected == {name: headers.get(name) for name in expected}, path


def test_nginx_hides_what_is_no_page(nginx: str, output: Path) -> None:
    """Hidden and missing files give the site's own page with status 404."""
    for path in ("/.offerpress", "/_headers", "/nothing/"):
        status, headers, body = get(nginx + path)
        assert (404, (output / "404.html").read_bytes()) == (status, body), path
        assert built_headers(output, path)["Content-Security-Policy"] == headers["Content-Security-Policy"]


def test_the_files_of_hosts_are_well_formed(output: Path) -> None:
    """The recipe's TOML, YAML and JSON are well-formed, name the built folder, and have the build's policy."""
    wrangler, netlify = (tomllib.loads(text) for text in fences("toml"))
    assert ("output", "output") == (wrangler["pages_build_output_dir"], netlify["build"]["publish"])
    (workflow,) = (YAML(typ="safe").load(text) for text in fences("yaml"))
    uses = [step["uses"].partition("@")[0] for step in workflow["jobs"]["publish"]["steps"]]
    assert ["actions/checkout", "actions/upload-pages-artifact", "actions/deploy-pages"] == uses
    (policy,) = (json.loads(text) for text in fences("json"))
    secured, own = policy["SecurityHeadersConfig"], policy["CustomHeadersConfig"]
    assert own["Quantity"] == len(own["Items"])
    told = {item["Header"]: item["Value"] for item in own["Items"]}
    told["Content-Security-Policy"] = secured["ContentSecurityPolicy"]["ContentSecurityPolicy"]
    told["Referrer-Policy"] = secured["ReferrerPolicy"]["ReferrerPolicy"]
    expected = built_headers(output, "/statement/")
    assert {name: expected[name] for name in told} == told
    assert {"X-Content-Type-Options", "Permissions-Policy"} == expected.keys() - told.keys()


def test_the_function_finds_the_pages_of_folders() -> None:
    """The CloudFront function adds `index.html` to folders, sends others to their folder, and leaves files alone."""
    (function,) = fences("javascript")
    asked = ["/", "/de/offers/", "/offers", "/feed.xml", "/assets/site-1.css", "/statement/packs/4k-5/0a.bin"]
    ask = f"{function}\nconsole.log(JSON.stringify({json.dumps(asked)}.map(uri => handler({{request: {{uri}}}}))))"
    said = subprocess.run(["node", "-e", ask], capture_output=True, text=True, check=True)
    answers = cast("list[dict[str, object]]", json.loads(said.stdout))
    assert ["/index.html", "/de/offers/index.html", None, *asked[3:]] == [one.get("uri") for one in answers]
    assert {"location": {"value": "/offers/"}} == answers[2]["headers"]
