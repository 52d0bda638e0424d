#!/usr/bin/env python3
"""Drives the study's page in headless browsers as a participant would, and leaves screenshots.

In Chromium and in Firefox it checks the consent, practice, answers by keyboard, undo, a reload, a
second tab, a server that is killed and started again, and the end. In Chromium it also checks answers
by touch, a phone, the dark mode, German, the measurement of the screen, a time limit, and the page
without a server. A browser that is missing is skipped, and the script says so.

    apt-get install chromium chromium-driver firefox-esr
    make build && python3 Tests/study_page.py [--crossfire .build/release/crossfire] [--out FOLDER]
        [--axe axe.min.js]

With --axe, the source of axe-core, every page is also checked for violations.
"""

import argparse
import functools
import json
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import tiny_study
from browsers import ENTER, Chromium, Firefox
from study_session import desktop
from study_steps import (
    Server, check, check_console, check_requests, fits, look, question, quietly, table)

ROOT = pathlib.Path(__file__).resolve().parent.parent


def german(crossfire, folder, out):
    print("in German, with the measurement of the screen, as a pilot")
    tiny_study.write(
        folder, practice=1, trials=1, sheets=0, pause=1.5, fullscreen=True, calibration=True,
        language="de", title="Was sehen Sie?", noneText="Keine davon",
        texts=tiny_study.page_texts("de"))
    server = Server(crossfire, folder, 0, "--pilot")
    browser = Chromium(1280, 800)
    browser.go(server.address)
    browser.until_heading()
    check("Probelauf" in browser.run("return document.body.innerText"), "the page says it is a pilot")
    look(browser, out / "german-1-consent.png")
    browser.press("Ich bin einverstanden")
    browser.until_heading("Was Sie tun")
    look(browser, out / "german-2-instructions.png")
    browser.press("Mit der")
    browser.until_heading("Den Bildschirm füllen")
    look(browser, out / "german-3-screen.png")
    browser.press("Bildschirm füllen")
    browser.until_heading("Die Größe Ihres Bildschirms")
    look(browser, out / "german-4-card.png")
    browser.press("Sie sind gleich groß")
    browser.until_heading("Ihr Abstand vom Bildschirm")
    look(browser, out / "german-5-blind-spot.png")
    for _ in range(5):
        browser.press("Punkt bewegen")
        time.sleep(1.2)
        browser.keys(" ")
    question(browser, 1, 1)
    look(browser, out / "german-6-trial.png")
    check_console(browser)
    browser.quit()
    server.kill()
    quietly(crossfire, "study", "export", folder)
    session = table(folder, "sessions.csv")[0]
    check(abs(float(session["pixels_per_mm"]) - 3.78) < 0.02, "the size of the card is stored")
    check(100 < float(session["distance_mm"]) < 600,
          f"a distance is stored: {session['distance_mm']} mm")
    check(table(folder, "participants.csv")[0]["pilot"] == "true", "the participant is marked")
    check("fullscreen" in [row["event"] for row in table(folder, "events.csv")],
          "filling the screen is stored as an event")


def phone(crossfire, folder, out):
    print("phone in Chromium, 390 x 844, in the dark, then 320 x 568")
    tiny_study.write(
        folder, practice=0, pause=1.5, demographics=tiny_study.DEMOGRAPHICS)
    server = Server(crossfire, folder)
    browser = Chromium(390, 844, phone=True)
    browser.dark()
    browser.go(server.address)
    browser.until_heading()
    look(browser, out / "phone-1-consent.png")
    fits(browser, "consent")
    browser.press("I agree")
    browser.until_heading("What to do")
    look(browser, out / "phone-2-instructions.png")
    browser.press("Start")
    question(browser, 1, 1)
    check(fits(browser, "trial"), "a trial needs no scrolling")
    look(browser, out / "phone-3-trial.png")
    smallest = browser.run(
        "const sides = (button) => Math.min(button.offsetWidth, button.offsetHeight);"
        "return Math.min(...[...document.querySelectorAll('main button')].map(sides))")
    check(smallest >= 44, f"the smallest answer to touch is {smallest} px, at least 44")
    for position in range(1, 7):
        question(browser, position, 1)
        browser.press("None of them")
        if position == 1:
            browser.until("document.querySelector('.blank')", "the pause")
            browser.shoot(out / "phone-3-pause.png")
    browser.until("document.querySelector('textarea')", "the comments")
    look(browser, out / "phone-4-comments.png")
    fits(browser, "comments")
    browser.press("Stop taking part")
    look(browser, out / "phone-5-stop.png")
    browser.press("Stop, and do not")
    browser.until_heading("You have stopped")
    check_console(browser)
    browser.quit()
    small = Chromium(320, 568, phone=True)
    small.go(server.address)
    small.until_heading()
    fits(small, "consent")
    small.press("I agree")
    small.until_heading("What to do")
    small.press("Start")
    question(small, 1, 1)
    fits(small, "trial")
    lowest = small.run("return document.querySelector('.none').getBoundingClientRect().bottom")
    check(lowest <= 568, f"every answer is visible: the last one ends at {lowest:.0f} px")
    look(small, out / "phone-6-small.png")
    small.quit()
    server.kill()


def words(crossfire, folder, out):
    print("labels that are words, and a time limit, 1280 x 800")
    names = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship",
             "truck"]
    tiny_study.write(
        folder, practice=0, trials=2, sheets=0, classNames=names, secondsPerAnswer=1.5)
    server = Server(crossfire, folder)
    browser = Chromium(1280, 800)
    browser.go(server.address)
    browser.until_heading()
    browser.press("I agree")
    browser.until_heading("What to do")
    browser.press("Start")
    question(browser, 1, 1)
    look(browser, out / "words-1-trial.png")
    check(browser.label(".answers button:nth-child(4)") == "cat",
          "the name of an answer is its label without the key")
    question(browser, 2, 1)
    browser.keys("3")
    question(browser, 2, 2)
    browser.until("document.querySelector('textarea')", "the comments")
    quietly(crossfire, "study", "export", folder)
    rows = table(folder, "answers.csv", "position", "question", "choice", "ended_on")
    check(rows == [("1", "1", "", "timeout"), ("2", "1", "3", "response"),
                   ("2", "2", "", "timeout")], "after the time limit there is a timeout")
    browser.quit()
    server.kill()


def without_server(crossfire, folder, out):
    print("without a server")
    tiny_study.write(folder)
    page, downloads = folder / "page", folder / "downloads"
    downloads.mkdir()
    quietly(crossfire, "study", "page", folder, "--out", page, "--quiet")
    browser = Chromium(1280, 800, downloads=downloads)
    browser.go(f"file://{page}/index.html?list=2")
    browser.until_heading()
    browser.press("I agree")
    browser.until_heading("What to do")
    browser.press("Start")
    question(browser, 1, 1)
    browser.keys("8")
    question(browser, 1, 2)
    browser.reload()
    browser.until_heading("Welcome back")
    browser.press("Continue")
    question(browser, 1, 2)
    browser.keys("n")
    browser.until("document.querySelector('.verdict')", "feedback")
    check(browser.heading() == "Right", "a right practice answer gets feedback")
    browser.keys(ENTER)
    question(browser, 2, 1)
    browser.keys("n")
    browser.until("document.querySelector('.verdict')", "feedback")
    browser.keys(ENTER)
    for position in range(3, 9):
        question(browser, position, 1)
        browser.keys("n")
    browser.until("document.querySelector('textarea')", "the comments")
    check(browser.run("return document.querySelector('.sheet').naturalWidth") == 560,
          "the sheet is shown")
    browser.press("Finish")
    browser.until("document.querySelector('a.button')", "the link to the file")
    look(browser, out / "file-1-end.png")
    browser.press("Save my answers")
    end = time.monotonic() + 10
    while time.monotonic() < end and not list(downloads.glob("answers-*.json")):
        time.sleep(0.1)
    check_console(browser)
    check_requests(browser, "file:")
    browser.quit()
    files = list(downloads.glob("answers-*.json"))
    check(len(files) == 1, f"one file is saved: {[file.name for file in files]}")
    collected = subprocess.run(
        [crossfire, "study", "collect", str(folder), *map(str, files), "--json", "--quiet"],
        check=True, stdout=subprocess.PIPE, text=True)
    check(json.loads(collected.stdout)["added"] == 1, "the file is added to the study")
    rows = table(folder, "answers.csv", "position", "question", "choice")
    rest = [(str(position), "1", "na") for position in range(2, 9)]
    check(rows == [("1", "1", "8"), ("1", "2", "na")] + rest,
          "every answer is stored as it was given")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--crossfire", default=str(ROOT / ".build/release/crossfire"))
    options.add_argument("--out", default=None)
    options.add_argument("--axe", default=None)
    options = options.parse_args()
    look.axe = pathlib.Path(options.axe).read_text() if options.axe else None
    out = pathlib.Path(options.out or tempfile.mkdtemp(prefix="study-page-"))
    out.mkdir(parents=True, exist_ok=True)
    parts = {
        Chromium: [functools.partial(desktop, Chromium), phone, german, words, without_server],
        Firefox: [functools.partial(desktop, Firefox)],
    }
    with tempfile.TemporaryDirectory() as name:
        for kind, own in parts.items():
            reason = kind.start()
            if reason:
                print(f"skipped in {kind.__name__}: {reason}")
                continue
            try:
                for number, part in enumerate(own):
                    part(options.crossfire, pathlib.Path(name, f"{kind.__name__}{number}"), out)
            finally:
                kind.stop()
    print(f"screenshots in {out}")
    sys.exit(1 if check.failures else 0)


if __name__ == "__main__":
    main()
