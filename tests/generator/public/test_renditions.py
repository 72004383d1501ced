"""Smaller sizes of pictures: what is made, what stays as it is, and what a browser loads and shows."""

import random
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from datetime import date
from io import BytesIO

import pytest
from PIL import Image, ImageCms, ImageDraw
from playwright.sync_api import Browser, Page, Route

from generator.public import renditions
from generator.public.renditions import SmallPictures
from generator.public.site import site_remarks, small_pictures
from tests.generator.conftest import NEWS, TEMPLATES, SiteMaker, SmallSite, attributes, small_site
from tests.servers.browsing import Server

AS_OF = date(2023, 12, 31).toordinal()
LONDON = {1: "N", 2: (51.0, 30.0, 0.0), 3: "W", 4: (0.0, 7.0, 0.0)}


def photo(width: int, height: int) -> Image.Image:
    """Something like a photo: soft shapes with grain, always the same."""
    chance = random.Random(width * height)
    small = Image.frombytes("RGB", (24, 24), chance.randbytes(24 * 24 * 3)).resize((width, height))
    grain = Image.frombytes("L", (width, height), chance.randbytes(width * height)).convert("RGB")
    return Image.blend(small, grain, 0.06)


def saved(picture: Image.Image, form: str = "JPEG", **options: object) -> bytes:
    """The picture as a file."""
    file = BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def located(orientation: int = 1) -> Image.Exif:
    """EXIF data with an orientation and the position of London."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif.get_ifd(0x8825).update(LONDON)
    return exif


def moving(form: str) -> bytes:
    """Two frames."""
    frames = [photo(600, 400), photo(600, 400).convert("L").convert("RGB")]
    return saved(frames[0], form, save_all=True, append_images=frames[1:], duration=100)


def large_png() -> bytes:
    """A small file that says it is 20,000 pixels wide and high (PNG 3rd edition, 5.3)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 20_000, 20_000, 1, 0, 0, 0, 0)
    data = zlib.compress(b"\0" * (2_501 * 20_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def with_picture(make_site: SiteMaker, name: str, content: bytes, body: str = "") -> SmallSite:
    """A site whose news shows that picture."""
    text = body or f"![What it shows](../static/{name})\n"
    return make_site({"announcements/news.md": f"{NEWS}\n{text}", f"static/{name}": content})


def made(site: SmallSite) -> SmallPictures:
    """The smaller sizes."""
    content = site.content()
    assert content is not None
    return small_pictures(content, site.settings, AS_OF)


def widths(pictures: SmallPictures) -> list[int]:
    """The widths that the names tell."""
    return [int(re.findall(r"-([0-9]+)\.webp$", path)[0]) for path in pictures]


def remarks(site: SmallSite) -> list[tuple[str | None, str]]:
    """File and text of each remark about the site."""
    content = site.content()
    assert content is not None
    return [(one.file, one.what) for one in site_remarks(content, site.settings, [TEMPLATES], AS_OF)]


def image(site: SmallSite) -> dict[str, str]:
    """The attributes of the picture in the news."""
    return attributes(site.page("announcements/news/"), "//div[@class='prose']//img")[0]


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (479, []),
        (480, [480]),
        (560, [560]),
        (700, [480, 700]),
        (1440, [480, 960, 1440]),
        (1900, [480, 960, 1440]),
    ],
)
def test_no_size_is_wider_than_the_original(make_site: SiteMaker, width: int, expected: list[int]) -> None:
    """There are the usual widths below that of the original, and its own up to the largest; icons have none."""
    site = with_picture(make_site, "a.jpg", saved(photo(width, width // 2)))
    pictures = made(site)
    assert expected == widths(pictures)
    for path, content in pictures.items():
        with Image.open(BytesIO(content)) as shown:
            assert "WEBP" == shown.format
            assert f"-{shown.width}.webp" in path
            assert abs(shown.height - shown.width * (width // 2) / width) <= 0.5
    assert ("srcset" in image(site)) == bool(expected)
    assert "../../a.jpg" == image(site)["src"]


def test_sizes_are_small_and_always_the_same(make_site: SiteMaker) -> None:
    """The size that a phone loads is a fraction of the original; the same original gives the same bytes and names."""
    original = saved(photo(1600, 1200), quality=85)
    pictures = made(with_picture(make_site, "a.jpg", original))
    first = dict(pictures)
    assert len(first[next(iter(first))]) < len(original) / 8
    renditions.encoded.cache_clear()
    assert first == dict(made(with_picture(make_site, "a.jpg", original)))
    assert not first.keys() & set(made(with_picture(make_site, "a.jpg", saved(photo(1600, 1201)))))


@pytest.mark.parametrize("name", ["Ein Bild (1).jpg", "Фото.jpg", "a,b.jpg"])
def test_names_need_no_quoting(make_site: SiteMaker, name: str) -> None:
    """Whatever an original is called, its sizes have names that `srcset` can hold and every server knows."""
    site = with_picture(make_site, name, saved(photo(500, 300)), f"![What it shows](<../static/{name}>)\n")
    (path,) = made(site)
    assert re.fullmatch(r"assets/[a-z0-9-]+-[0-9a-f]{10}-500\.webp", path)
    assert f"../../{path} 500w" == image(site)["srcset"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.gif", lambda: moving("GIF")),
        ("a.webp", lambda: moving("WEBP")),
        ("a.png", lambda: moving("PNG")),
        ("b.png", lambda: saved(Image.new("I;16", (600, 400)), "PNG")),
        ("a.avif", lambda: saved(photo(600, 400), "AVIF")),
        ("a.svg", lambda: b"<svg xmlns='http://www.w3.org/2000/svg' width='600' height='400'/>"),
    ],
)
def test_others_stay_as_they_are(make_site: SiteMaker, name: str, content: Callable[[], bytes]) -> None:
    """Moving pictures, drawings in SVG and what WebP cannot hold have no other sizes, and no remark."""
    site = with_picture(make_site, name, content())
    assert {} == dict(made(site))
    assert [] == remarks(site)
    assert ("600", None) == (image(site)["width"], image(site).get("srcset"))


def test_a_webp_is_its_own_largest_size(make_site: SiteMaker) -> None:
    """A WebP is not encoded again in its own width."""
    site = with_picture(make_site, "a.webp", saved(photo(1000, 500), "WEBP"))
    assert [480] == widths(made(site))
    assert image(site)["srcset"].endswith("-480.webp 480w, ../../a.webp 1000w")


def test_sizes_are_turned_and_tell_no_place(make_site: SiteMaker) -> None:
    """A photo taken upright is upright in each size; no size has EXIF data, and a remark names the original."""
    turned = photo(1200, 600)
    ImageDraw.Draw(turned).rectangle((0, 0, 200, 600), fill="red")  # shown at the top, as orientation 6 says
    site = with_picture(make_site, "a.jpg", saved(turned, exif=located(6)))
    pictures = made(site)
    assert [480, 600] == widths(pictures)
    for content in pictures.values():
        with Image.open(BytesIO(content)) as shown:
            assert shown.height == 2 * shown.width
            assert {} == dict(shown.getexif())
            red, green, _ = shown.convert("RGB").getpixel((shown.width // 2, 10))  # type: ignore[misc] # three
            assert red > green + 150
        assert b"EXIF" not in content
        assert b"XMP" not in content
    what = "the picture tells where it was taken, and so does the published file"
    assert [("content/static/a.jpg", what)] == remarks(site)
    assert ("600", "1200") == (image(site)["width"], image(site)["height"])


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_damaged_picture_is_a_remark(make_site: SiteMaker, form: str) -> None:
    """A file that is cut off is published as it is, without other sizes, and a remark names it."""
    whole = saved(photo(800, 600), form)
    name = f"a.{form.lower().replace('jpeg', 'jpg')}"
    site = with_picture(make_site, name, whole[: len(whole) * 2 // 3])
    assert {} == dict(made(site))
    assert [f"content/static/{name}"] == [file for file, _ in remarks(site)]
    assert "srcset" not in image(site)
    assert [] == remarks(with_picture(make_site, name, whole))


def test_a_picture_that_would_fill_the_memory_is_a_fault(make_site: SiteMaker) -> None:
    """A small file with 400 million pixels is refused before anything is decoded."""
    site = with_picture(make_site, "a.png", large_png())
    with pytest.raises(Exception, match="20,000 by 20,000 pixels, more than 100,000,000"):
        site.artifacts()
    (site.folder / "content/announcements/news.md").write_text(NEWS, encoding="utf-8")
    assert site.artifacts()["a.png"] == large_png()


def test_drawings_and_colours(make_site: SiteMaker) -> None:
    """A drawing keeps its clear ground and exact colours; a photo for print becomes RGB; profiles are applied."""
    drawing = Image.new("RGBA", (500, 300), (0, 0, 0, 0))
    ImageDraw.Draw(drawing).rectangle((100, 100, 399, 199), fill=(11, 95, 165, 255))
    for picture in (drawing, drawing.quantize()):
        (content,) = made(with_picture(make_site, "a.png", saved(picture, "PNG"))).values()
        with Image.open(BytesIO(content)) as shown:
            assert [(0, 0, 0, 0), (11, 95, 165, 255)] == [shown.getpixel((5, 5)), shown.getpixel((250, 150))]
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for picture in (photo(500, 300).convert("CMYK"), photo(500, 300).convert("L"), photo(500, 300)):
        (content,) = made(with_picture(make_site, "a.jpg", saved(picture, icc_profile=srgb))).values()
        with Image.open(BytesIO(content)) as shown:
            assert ("RGB", None) == (shown.mode, shown.info.get("icc_profile"))


def test_authors_width_is_kept(make_site: SiteMaker) -> None:
    """Where the author wrote a width, sizes are for that width; with a height alone there are none."""
    body = (
        '<img src="../static/a.jpg" alt="a" width="300">\n<img src="../static/a.jpg" alt="b" height="90">\n'
    )
    site = with_picture(make_site, "a.jpg", saved(photo(1000, 500)), body)
    narrow, low = attributes(site.page("announcements/news/"), "//div[@class='prose']//img")
    assert ("(min-width: 333px) 300px, calc(95vw - 1rem)", None) == (narrow["sizes"], narrow.get("height"))
    assert {"src", "alt", "height"} == low.keys()


def test_readers_outside_the_site_get_one_address(make_site: SiteMaker) -> None:
    """Feeds have the original's absolute address alone."""
    files = with_picture(make_site, "a.jpg", saved(photo(1000, 500))).artifacts()
    for name in ("feed.xml", "atom.xml", "feed.json"):
        text = files[name].decode()
        assert "https://partners.example/a.jpg" in text
        assert "srcset" not in text


# In a browser.

LAID_OUT = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
MEASURE = """() => {
    window.shifted = 0;
    new PerformanceObserver((list) => {
        for (const one of list.getEntries()) window.shifted += one.value;
    }).observe({ type: "layout-shift", buffered: true });
}"""
LOADED = "(all) => Promise.all(all.map((one) => one.decode()))"
SHOWN = """(all) => all.map((one) => [one.currentSrc.split("/").pop(), one.getBoundingClientRect().width,
    one.naturalWidth])"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A published site whose news have an upright picture at their head and a wide one in the text."""
    folder = tmp_path_factory.mktemp("pictures")
    news = NEWS.replace("tags:", "image: ../static/tall.jpg\ntags:")
    site = small_site(
        folder / "site",
        {
            "announcements/news.md": f"{news}\n![Wide](../static/wide.jpg)\n\n![Small](../static/small.jpg)\n",
            "static/tall.jpg": saved(photo(900, 1600)),
            "static/wide.jpg": saved(photo(2000, 1000)),
            "static/small.jpg": saved(photo(520, 260)),
        },
    )
    for path, content in {**site.artifacts(), **made(site)}.items():
        (folder / "output" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "output" / path).write_bytes(content)
    started = Server(folder / "output")
    yield started
    started.close()


def shift(page: Page, address: str, *, reserved: bool) -> float:
    """The layout shift of a page whose pictures come after its text; without `reserved` they have no size."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    def stripped(route: Route) -> None:
        html = route.fetch().text()
        route.fulfill(body=re.sub(r' (width|height)="[0-9]+"', "", html), content_type="text/html")

    if not reserved:
        page.route("**/news/", stripped)
    page.route(re.compile(r"\.(jpg|webp)$"), hold)
    page.goto(address, wait_until="commit")
    page.wait_for_selector("footer")
    page.evaluate(MEASURE)
    page.evaluate(LAID_OUT)
    for route in held:
        route.continue_()
    page.locator("main img").evaluate_all(LOADED)
    page.evaluate(LAID_OUT)
    shifted: float = page.evaluate("window.shifted")
    return shifted


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_moves_when_pictures_load(server: Server, browser: Browser, width: int) -> None:
    """The cumulative layout shift is below 0.02, also with an upright picture; without sizes it would be seen."""
    address = f"{server.url()}/announcements/news/"
    shifts = []
    for reserved in (True, False):
        page = browser.new_page(viewport={"width": width, "height": 800})
        shifts.append(shift(page, address, reserved=reserved))
        page.close()
    assert shifts[0] < 0.02 < shifts[1], shifts


@pytest.mark.parametrize(
    ("width", "ratio", "expected"),
    [
        (360, 1, [480, 480, 520]),
        (360, 2, [900, 960, 520]),
        (1280, 1, [900, 960, 520]),
        (1280, 2, [900, 1440, 520]),
    ],
)
def test_browser_takes_the_size_that_it_shows(
    server: Server, browser: Browser, width: int, ratio: int, expected: list[int]
) -> None:
    """A browser loads the smallest size that is sharp; `sizes` says the width at which the picture is shown."""
    page = browser.new_page(viewport={"width": width, "height": 800}, device_scale_factor=ratio)
    page.goto(f"{server.url()}/announcements/news/")
    page.locator("main img").evaluate_all(LOADED)
    shown = page.locator("main img").evaluate_all(SHOWN)
    page.close()
    assert [f"-{size}.webp" for size in expected] == [re.sub(r".*(?=-)", "", name) for name, _, _ in shown]
    assert [] == [one for one in shown if abs(one[1] - one[2]) > 1]
