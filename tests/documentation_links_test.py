"""Links in the documentation and the names of its pages elsewhere."""

import pathlib
import re

import pytest

from tests.documented import PAGES, ROOT

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"^```.*?^```$|`[^`]*`", re.MULTILINE | re.DOTALL)


def anchors_of(page: pathlib.Path) -> set:
    """The anchors that GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in headings
    }


def broken_links(page: pathlib.Path) -> list:
    """Relative links of a page to a missing file or heading."""
    broken = []
    for link in _LINK.findall(_CODE.sub("", page.read_text(encoding="utf-8"))):
        if "://" in link or link.startswith("mailto:"):
            continue
        place, _, anchor = link.partition("#")
        target = (page.parent / place).resolve() if place else page
        if not target.exists() or anchor and anchor not in anchors_of(target):
            broken.append(link)
    return broken


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_resolve(page):
    assert broken_links(page) == []


def test_a_broken_link_is_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# A title\n[a](page.md) [b](#a-title) [c](gone.md) [d](#gone)\n")
    assert broken_links(page) == ["gone.md", "#gone"]


def test_every_page_of_the_documentation_is_linked():
    linked = set()
    for page in PAGES:
        for link in _LINK.findall(page.read_text(encoding="utf-8")):
            target = (page.parent / link.partition("#")[0]).resolve()
            if target != page:
                linked.add(target)
    assert [
        page.name for page in (ROOT / "docs").glob("*.md") if page not in linked
    ] == []


def test_pages_named_in_code_exist():
    sources = [
        *ROOT.glob("*.txt"),
        *ROOT.glob("*.toml"),
        *(
            path
            for folder in ("configs", "tf_btgmi", "export", "benchmarks", "scripts")
            for path in (ROOT / folder).rglob("*")
            if path.suffix in (".py", ".sh", ".yaml", ".html", ".js")
        ),
        *(ROOT / "tests").rglob("*.py"),
    ]
    named = {
        name
        for source in sources
        for name in re.findall(r"\bdocs/\w+\.md\b", source.read_text("utf-8"))
    }
    assert len(named) >= 5
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
