"""`build --scheduler`: a Dask cluster publishes the bytes that one process publishes."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import dask
import pytest

from tests.acceptance.conftest import AS_OF, SECRET, Call, called, copy_sample, finished, installed, tree
from tests.servers.dask_cluster import Cluster, dask_cluster
from tests.servers.s3 import s3_server

PARTNERS = 2500
HAS_SECRET = {"OFFERPRESS_SITE_SECRET": SECRET}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A scheduler, whose workers the tests start."""
    with dask_cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture
def workers(cluster: Cluster) -> Iterator[Cluster]:
    """The cluster with two workers that know the site secret."""
    cluster.start_worker("first", HAS_SECRET)
    cluster.start_worker("second", HAS_SECRET)
    yield cluster
    cluster.stop()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """A site of many shards, and what one process publishes from it."""
    site = copy_sample(tmp_path_factory.mktemp("large"))
    with (site / "data" / "partners.csv").open("a", encoding="utf-8") as partners:
        for number in range(PARTNERS):
            partners.write(
                f"X-{number:04},Extra {number},x{number}@reseller.example,EUR,bronze,en,,,active,,,,\n"
            )
    assert 0 == called(site, "build", *AS_OF, "--jobs", "1").code
    return site, tree(site / "output")


def forget(site: Path) -> None:
    """Lets the next build compute everything: nothing is taken from what was built before, whichever test did so."""
    for name in ("sealed", "manifests"):
        shutil.rmtree(site / "private" / name, ignore_errors=True)


def test_a_cluster_publishes_the_same_bytes(large: tuple[Path, dict[str, bytes]], workers: Cluster) -> None:
    """Two workers in processes of their own publish what one process publishes."""
    site, alone = large
    forget(site)
    options = ("--output", "dask", "--scheduler", workers.address)
    said = finished(installed(site, "build", *AS_OF, *options, environment=workers.environment))
    assert 0 == said.code, said.err
    assert alone == tree(site / "dask")


@pytest.mark.long
def test_a_cluster_publishes_the_same_objects(large: tuple[Path, dict[str, bytes]], workers: Cluster) -> None:
    """What two workers compute is the same in a bucket of an S3 server."""
    site, alone = large
    forget(site)
    with s3_server() as s3:
        place = f"{s3.make_bucket('cluster')}/site"
        environment = {**workers.environment, **s3.environment}
        options = ("--output", place, "--scheduler", workers.address)
        said = finished(installed(site, "build", *AS_OF, *options, environment=environment))
        assert 0 == said.code, said.err
        published = s3.tree("cluster/site")
    assert alone.keys() == published.keys()
    assert [] == [path for path in alone if path != ".offerpress" and alone[path] != published[path]]


@pytest.mark.long
def test_workers_need_no_disk_of_the_site(large: tuple[Path, dict[str, bytes]], cluster: Cluster) -> None:
    """Two workers who are told no folder have all but the secret from a bucket, where nothing is left of it."""
    site, alone = large
    forget(site)
    with s3_server() as s3:
        bucket = s3.make_bucket("shared")
        for name in ("near", "far"):
            cluster.start_worker(name, {**HAS_SECRET, **s3.environment})
        try:
            environment = {**cluster.environment, **s3.environment}
            options = ("--output", "shared", "--scheduler", cluster.address, "--share", bucket)
            said = finished(installed(site, "build", *AS_OF, *options, environment=environment))
        finally:
            cluster.stop()
        assert 0 == said.code, said.err
        assert {} == s3.tree("shared")
    assert alone == tree(site / "shared")


@pytest.mark.long
def test_a_killed_worker_changes_nothing(large: tuple[Path, dict[str, bytes]], workers: Cluster) -> None:
    """A worker that is killed (SIGKILL) with work on its hands changes no byte: the other computes its shards."""
    site, alone = large
    shutil.rmtree(site / "killed", ignore_errors=True)
    forget(site)
    process = installed(
        site,
        "build",
        *AS_OF,
        "--output",
        "killed",
        "--scheduler",
        workers.address,
        environment=workers.environment,
    )
    workers.await_work("first")
    workers.kill_worker("first")
    said = finished(process)
    assert 0 == said.code, said.err
    assert alone == tree(site / "killed")


@pytest.mark.parametrize(
    ("environment", "why"),
    [
        pytest.param({}, "the site secret is missing; set OFFERPRESS_SITE_SECRET", marks=pytest.mark.long),
        ({"OFFERPRESS_SITE_SECRET": "07e4" * 16}, "its site secret or epochs are not those of the build"),
    ],
)
def test_a_worker_without_the_secret_is_refused(
    cluster: Cluster, offerpress: Call, site: Path, environment: dict[str, str], why: str
) -> None:
    """A worker that lacks the secret, or has another one, fails the build with one line that names its machine."""
    cluster.start_worker("unfit", environment)
    try:
        said = offerpress("build", *AS_OF, "--scheduler", cluster.address)
    finally:
        cluster.stop()
    assert 1 == said.code
    assert "the worker on " in said.err
    assert f"cannot build: {why}" in said.err
    assert not (site / "output").exists()


def test_a_cluster_that_is_not_there(cluster: Cluster, offerpress: Call, site: Path) -> None:
    """An address without a scheduler, and a scheduler without workers, are said in one line that helps."""
    with dask.config.set({"distributed.comm.timeouts.connect": "500ms"}):
        nobody = offerpress("build", *AS_OF, "--scheduler", "tls://127.0.0.1:9")
        open_line = offerpress("build", *AS_OF, "--scheduler", "tcp://127.0.0.1:9")
        idle = offerpress("build", *AS_OF, "--scheduler", cluster.address)
    assert (1, True) == (nobody.code, "no scheduler: tls://127.0.0.1:9: " in nobody.err)
    assert (1, True) == (open_line.code, "encryption required by Dask configuration" in open_line.err)
    assert (1, True) == (idle.code, f"no workers: {cluster.address}: none has joined" in idle.err)
    assert not (site / "output").exists()
