#!/usr/bin/env python3
"""Measures a report in a headless Chromium, and leaves screenshots and a PDF.

It checks the size of the page, its height on a screen 1440 pixels wide, the number of printed pages,
that nothing but tables scrolls sideways on a phone, that every figure's file is at most two clicks
away, and, with axe-core, the page's accessibility.

    apt-get install chromium chromium-driver
    CROSSFIRE_LARGE_RUN=/tmp/large swift test -c release --filter LargeReportTests
    python3 Tests/report_page.py /tmp/large/report --out /tmp/pictures [--axe axe.min.js]

axe-core is a file of npm's package axe-core; PyPI's axe-playwright-python contains it too.
"""

import argparse
import base64
import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from browsers import Chromium
from study_steps import check

HEIGHT = "return document.documentElement.scrollHeight"


def shoot(browser, place, width):
    """Takes a picture of the whole page."""
    size = browser.run("return [document.documentElement.scrollWidth, "
                       "document.documentElement.scrollHeight]")
    picture = browser.command("Page.captureScreenshot", {
        "captureBeyondViewport": True, "clip": {
            "x": 0, "y": 0, "width": width, "height": min(size[1], 16000), "scale": 1}})
    place.write_bytes(base64.b64decode(picture["data"]))


def printed(browser, place):
    """Prints the page on A4 and returns the number of pages."""
    pdf = base64.b64decode(browser.ask("POST", "/print", None, {
        "page": {"width": 21.0, "height": 29.7}, "background": True,
        "margin": {"top": 1.4, "bottom": 1.4, "left": 1.3, "right": 1.3}}))
    place.write_bytes(pdf)
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def violations(browser, axe):
    """Runs axe-core and returns what it found, with the seconds that it took."""
    browser.ask("POST", "/timeouts", None, {"script": 60_000})
    browser.run(axe.read_text(encoding="utf-8"))
    start = time.monotonic()
    found = browser.run_later(
        "const done = arguments[0]; axe.run().then(r => done(r.violations.map(v => "
        "[v.id, v.nodes.length, v.nodes[0].html.slice(0, 200), v.nodes[0].failureSummary])), "
        "e => done([['error', 0, String(e), '']]))")
    return found, time.monotonic() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("report", type=pathlib.Path, help="the folder report/ of a run")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("report-pictures"))
    parser.add_argument("--axe", type=pathlib.Path, help="axe-core's axe.min.js")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    page = options.report.resolve() / "index.html"
    size = page.stat().st_size
    check(size < 3_000_000, f"the page has {size / 1e6:.2f} MB, fewer than 3")

    Chromium.patience = 300
    if reason := Chromium.start():
        sys.exit(reason)
    try:
        desktop = Chromium(1440, 1000)
        desktop.go(page.as_uri())
        height = desktop.run(HEIGHT)
        check(height < 10_000, f"on a screen 1440 pixels wide, it is {height} pixels high")
        shoot(desktop, options.out / "1440.png", 1440)
        unseen = desktop.run(
            "return [...document.querySelectorAll('a[href]:not(.flag)')].filter(a => { let n = 0; "
            "for (let e = a; e; e = e.parentElement) n += e.tagName === 'DETAILS'; "
            "return n > 1 }).length")
        check(unseen == 0, "no link or figure is folded twice")
        if options.axe:
            for scheme in ("light", "dark"):
                if scheme == "dark":
                    desktop.dark()
                found, seconds = violations(desktop, options.axe)
                for violation in found:
                    print("        ", *violation, sep="\n          ")
                check(not found and seconds < 60,
                      f"axe-core, {scheme}: {len(found)} violations in {seconds:.0f} s")
        desktop.dark()
        shoot(desktop, options.out / "dark.png", 1440)
        desktop.quit()

        paper = Chromium(1440, 1000)
        paper.go(page.as_uri())
        pages = printed(paper, options.out / "print.pdf")
        check(pages < 40, f"it has {pages} printed pages, fewer than 40")
        paper.quit()

        phone = Chromium(390, 844, phone=True)
        phone.go(page.as_uri())
        width = phone.run("return document.documentElement.scrollWidth")
        check(width <= 390, f"on a phone 390 pixels wide, it is {width} pixels wide")
        hidden = phone.run(
            "return [...document.querySelectorAll('.scroll')].filter(e => e.checkVisibility() && "
            "e.scrollWidth > e.clientWidth + 1 && !e.querySelector('.cue')?.checkVisibility())"
            ".map(e => e.getAttribute('aria-label'))")
        check(not hidden, f"each table that scrolls there says so {hidden or ''}")
        shoot(phone, options.out / "390.png", 390)
        phone.quit()
    finally:
        Chromium.stop()
    sys.exit(1 if check.failures else 0)


if __name__ == "__main__":
    main()
