"""Who may call the studio, what its page may load, and what a page must carry."""

import asyncio
import re

import numpy as np
import pytest

from tests.picture_files import file_of
from tf_btgmi.studio import errors, server, uploads
from tf_btgmi.studio.limits import Limits

STATIC = server._STATIC


@pytest.mark.parametrize("path", ["/", "/favicon.ico", "/api/v1/health"])
def test_head_has_the_headers_of_get(client, path):
    head, got = client.head(path), client.get(path)
    assert (head.status_code, head.content) == (200, b"")
    same = ("content-type", "content-length", "content-security-policy")
    assert [head.headers[k] for k in same] == [got.headers[k] for k in same]


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8000", "127.0.0.1:9", "[::1]:8000", "192.168.1.5"]
)
def test_addresses_and_localhost_are_served(client, host):
    assert client.get("/api/v1/health", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example:80", "127.0.0.1.nip.io", "", "[x"]
)
def test_other_names_are_refused_against_dns_rebinding(client, host):
    response = client.get("/", headers={"host": host})
    assert response.status_code == 421
    assert response.json()["error"]["code"] == "wrong_host"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_requests_of_other_sites_pages_are_refused(client, headers):
    response = client.post("/api/v1/inpaint", headers=headers)
    assert response.status_code == 403
    assert response.json()["error"]["code"] == "foreign_page"


def test_the_own_page_and_a_link_to_it_are_served(client):
    own = {"origin": "http://127.0.0.1", "sec-fetch-site": "same-origin"}
    assert client.get("/api/v1/health", headers=own).status_code == 200
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert client.get("/", headers=link).status_code == 200


def test_a_body_is_refused_by_its_length_or_while_it_is_read(client):
    headers = {"content-type": "application/json"}
    parts = [bytes(1_000_000)] * 12
    response = client.post("/api/v1/inpaint", content=iter(parts), headers=headers)
    assert "content-length" not in response.request.headers
    assert response.status_code == 413
    headers["content-length"] = "12000000"
    response = client.post("/api/v1/inpaint", content=b"{}", headers=headers)
    assert response.status_code == 413


def test_a_client_that_leaves_during_an_upload_is_no_error(client):
    start = b'--x\r\ncontent-disposition: form-data; name="image"; filename="a"\r\n\r\n'
    messages = [
        {"type": "http.request", "body": start, "more_body": True},
        {"type": "http.disconnect"},
    ]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/v1/inpaint",
        "query_string": b"",
        "headers": [
            (b"host", b"127.0.0.1"),
            (b"content-type", b"multipart/form-data; boundary=x"),
        ],
    }
    sent = []

    async def receive():
        return messages.pop(0)

    async def send(message):
        sent.append(message)

    # An error would be raised here as well as logged.
    asyncio.run(client.app(scope, receive, send))
    assert not messages and not sent


def test_a_file_that_is_too_long_is_told_both_sizes():
    assert Limits().max_file_bytes == 64_000_000  # docs/studio.md
    with pytest.raises(errors.ApiError, match="It has 1.5 MB; the limit is 900 kB."):
        uploads.read_picture(bytes(1_500_000), Limits(max_file_bytes=900_000))


def test_the_servers_own_edits_may_be_larger_than_an_uploaded_file(rng):
    edits = rng.integers(0, 256, [100, 100, 4], dtype=np.uint8)
    limits = Limits(max_file_bytes=20_000, max_pixels=10_000)
    data = file_of(edits)
    assert len(data) > limits.max_file_bytes
    np.testing.assert_array_equal(uploads.read_overlay(data, limits, (100, 100)), edits)
    with pytest.raises(errors.ApiError, match="50 kB"):
        uploads.read_overlay(data + bytes(50_000), limits, (100, 100))


def test_every_answer_forbids_foreign_scripts_and_shares_nothing(client):
    for path in ("/", "/docs", "/static/js/main.js", "/api/v1/health", "/nothing"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers


def test_nothing_of_the_page_comes_from_another_host():
    names = {"http://www.w3.org/2000/svg"}  # names a language, is not loaded
    for path in STATIC.rglob("*"):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            found = set(re.findall(r"https?://[^\s\"'`<$)]+", text)) - names
            assert not found, (path.name, found)


def test_every_module_and_style_that_is_named_is_served(client):
    for page in ("/", "/docs"):
        named = re.findall(r'(?:src|href)="(/[^"#]+)"', client.get(page).text)
        for address in named:
            assert client.get(address).status_code == 200, address
    for path in (STATIC / "js").rglob("*.js"):
        source = path.read_text(encoding="utf-8")
        for target in re.findall(r'from "(\.[^"]+)"|import "(\.[^"]+)"', source):
            assert (path.parent / (target[0] or target[1])).is_file(), (path, target)


def test_files_outside_the_page_are_not_served(client):
    for path in ("/static/../server.py", "/static/%2e%2e/server.py", "/examples/..%2f"):
        assert client.get(path).status_code == 404


def luminance(color):
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first, second):
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_have_the_contrast_of_wcag_aa(theme):
    text = (STATIC / "css" / "tokens.css").read_text(encoding="utf-8")
    blocks = re.findall(r':root(\[data-theme="dark"\])? \{(.+?)\}', text, re.DOTALL)
    block = next(body for dark, body in blocks if bool(dark) == (theme == "dark"))
    colors = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
    backs = ("bg", "stage", "surface", "raised")
    pairs = [(front, back) for front in ("text", "muted") for back in backs]
    pairs += [("on-accent", "accent"), ("on-accent", "accent-hover")]
    pairs += [("on-soft", "soft"), ("danger", "danger-soft"), ("accent", "surface")]
    for front, back in pairs:
        assert contrast(colors[front], colors[back]) >= 4.5, (front, back)
    # What is no text: borders that tell a control from its ground.
    for back in backs:
        assert contrast(colors["line-strong"], colors[back]) >= 3, back
        assert contrast(colors["accent"], colors[back]) >= 3, back
