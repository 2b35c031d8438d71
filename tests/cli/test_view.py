# SPDX-License-Identifier: Apache-2.0
"""view: one page beside the capture, opened only where there is a display."""

import base64
import json
import re
import shutil
import time
import zlib

import pytest


def unpack(page):
    """The sections of a page's data by name; the format is in src/view/columns.h."""
    elements = re.findall(r'<script type="text/plain" class="pyro-data">([^<]*)</script>', page)
    packed = b"".join(base64.b64decode(text, validate=True) for text in elements)
    data = zlib.decompress(packed, 31)
    assert data[:9] == b"PYROVIEW\x01"
    at, sections = 9, {}
    while at < len(data):
        name = data[at : at + 4].decode()
        at, size, shift = at + 4, 0, 0
        while True:
            byte = data[at]
            at, size, shift = at + 1, size | (byte & 127) << shift, shift + 7
            if byte < 128:
                break
        sections[name] = data[at : at + size]
        at += size
    assert "done" in sections
    return sections


@pytest.fixture
def here(capture, tmp_path):
    """A capture of one's own, and a desktop that notes what it is asked to open."""
    shutil.copy(capture, tmp_path / "work.pyro")
    desktop = tmp_path / "desktop"
    desktop.mkdir()
    opener = desktop / "xdg-open"
    opener.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" >{tmp_path}/asked\nmv {tmp_path}/asked {tmp_path}/opened\n'
    )
    opener.chmod(0o755)
    return tmp_path


def desktop_of(here, **more):
    path = f"{here}/desktop:/usr/bin:/bin"
    return {"PATH": path, "DISPLAY": None, "WAYLAND_DISPLAY": None, "SUDO_UID": None, **more}


def wait_for(path):
    for _ in range(100):
        if path.exists():
            return True
        time.sleep(0.05)
    return False


def test_page_beside_the_capture(pyrometer, here):
    done = pyrometer("view", "work.pyro", env=desktop_of(here))
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert "work.html (" in done.stderr
    assert done.stderr.rstrip().endswith("xdg-open work.html")
    page = (here / "work.html").read_text()
    assert "default-src 'none'" in page
    meta = json.loads(unpack(page)["meta"])
    assert meta["title"].startswith("work.py")
    assert not meta["incomplete"]
    assert b"sum(i * i for i in range(300))" in unpack(page)["srcs"]
    assert not (here / "opened").exists()


def test_opened_where_there_is_a_display(pyrometer, here):
    done = pyrometer("view", "work.pyro", env=desktop_of(here, DISPLAY=":9"))
    assert "opened in the browser" in done.stderr
    assert wait_for(here / "opened")
    assert (here / "opened").read_text() == f"{here}/work.html\n"


@pytest.mark.parametrize("name", ["-odd.pyro", "a b;$(touch x).pyro"])
def test_names_are_names(pyrometer, here, name):
    (here / "work.pyro").rename(here / name)
    done = pyrometer("view", "--", name, env=desktop_of(here, WAYLAND_DISPLAY="w"))
    assert done.returncode == 0, done.stderr
    assert wait_for(here / "opened")
    assert (here / "opened").read_text() == f"{here}/{name[:-5]}.html\n"
    assert not (here / "x").exists()


def test_not_opened_when_not_wanted(pyrometer, here):
    display = desktop_of(here, DISPLAY=":9")
    assert pyrometer("view", "--no-open", "-q", "work.pyro", env=display).stderr == ""
    whole = pyrometer("view", "-o", "-", "work.pyro", env=display)
    assert whole.stdout == (here / "work.html").read_text()
    assert whole.stderr == ""
    time.sleep(0.3)
    assert not (here / "opened").exists()


def test_without_xdg_open(pyrometer, here):
    environment = desktop_of(here, DISPLAY=":9", PATH=str(here))
    done = pyrometer("view", "work.pyro", env=environment)
    assert done.returncode == 0
    assert done.stderr.rstrip().endswith("xdg-open work.html")


def test_no_sources(pyrometer, here):
    done = pyrometer("view", "--no-sources", "--no-open", "work.pyro")
    assert done.returncode == 0
    sections = unpack((here / "work.html").read_text())
    assert sections["srcs"] == b"\0"
    assert json.loads(sections["meta"])["sources_asked"] is False


def test_a_page_is_not_replaced_unasked(pyrometer, refused, here):
    (here / "work.html").write_text("mine")
    refused(125, ["work.html", "--force"], "view", "--no-open", "work.pyro")
    assert (here / "work.html").read_text() == "mine"
    assert pyrometer("view", "--no-open", "--force", "work.pyro").returncode == 0
    assert (here / "work.html").read_text().startswith("<!doctype html>")


def test_bad_input(refused, here):
    refused(125, ["gone.pyro"], "view", "gone.pyro")
    (here / "other.pyro").write_text("not a capture")
    refused(125, ["other.pyro"], "view", "other.pyro")
    assert not (here / "other.html").exists()
    refused(125, ["/nowhere/x.html"], "view", "-o", "/nowhere/x.html", "work.pyro")
