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
import csv
import functools
import json
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import tiny_study
from browsers import BACKSPACE, ENTER, Chromium, Firefox

ROOT = pathlib.Path(__file__).resolve().parent.parent
def check(truth, what):
    print(("  ok    " if truth else "  WRONG ") + what, flush=True)
    if not truth:
        check.failures.append(what)


check.failures = []


class Server:
    """A process that runs `crossfire study serve`."""

    def __init__(self, crossfire, folder, port=0, *options):
        self.command = [crossfire, "study", "serve", str(folder), "--port", str(port), *options]
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            self.command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.address = self.process.stdout.readline().strip()
        # A later start takes the same port.
        self.command[5] = self.address.rsplit(":", 1)[1].strip("/")

    def kill(self):
        self.process.kill()
        self.process.wait()


def look(browser, place):
    """Leaves a screenshot, and checks the page with axe-core if there is a copy of it."""
    browser.shoot(place)
    if look.axe:
        found = browser.violations(look.axe)
        check(not found, f"{place.stem}: axe-core finds no violation: {found}")


look.axe = None


def question(browser, position, number):
    """Waits for a question of a trial. `position` counts practice trials too."""
    ready = [
        "!document.getElementById('view').hasAttribute('aria-busy')",
        "document.querySelectorAll('.answers button:not(:disabled)').length >= 9",
        f"document.getElementById('bar').value === {position - 1}",
        # The second question marks the answer to the first one.
        "(document.querySelector('.answers [aria-pressed=true]') !== null) === "
        + str(number == 2).lower(),
    ]
    browser.until(" && ".join(ready), f"question {number} of picture {position}")


def fits(browser, what):
    """Checks that the page is not wider than the window, and returns whether it is not higher."""
    width, inner_width, height, inner_height = browser.run(
        "const root = document.documentElement;"
        "return [root.scrollWidth, innerWidth, root.scrollHeight, innerHeight]")
    check(width <= inner_width,
          f"{what}: {width} px wide in {inner_width}, {height} px high in {inner_height}")
    return height <= inner_height


def table(folder, name, *columns):
    """The rows of a table as dictionaries, or as tuples of the given columns."""
    with open(folder / name) as file:
        rows = list(csv.DictReader(file))
    return [tuple(row[column] for column in columns) for row in rows] if columns else rows


def quietly(*command):
    subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)


def check_console(browser):
    complaints = browser.complaints()
    check(not complaints, f"the console has no warnings: {complaints}")


def check_requests(browser, *allowed):
    """Checks that the page requested only addresses that begin with one of the texts."""
    known = (*allowed, "blob:", "data:", "chrome", "about:")
    strangers = [url for url in browser.requested() if not url.startswith(known)]
    check(not strangers, f"nothing is requested from other places: {strangers[:3]}")


def answer(browser, position, first, second=None):
    """Answers a trial by keyboard."""
    question(browser, position, 1)
    browser.keys(first)
    if second:
        question(browser, position, 2)
        browser.keys(second)


def desktop(kind, crossfire, folder, out):
    name = kind.__name__.lower()
    print(f"desktop in {kind.__name__}, 1280 x 800")
    tiny_study.write(folder, pause=1.5, demographics=tiny_study.DEMOGRAPHICS)
    completion = "http://127.0.0.1:9/complete?cc=X"
    server = Server(crossfire, folder, 0, "--completion-url", completion)
    browser = kind(1280, 800)
    browser.go(server.address + "?PROLIFIC_PID=5f1&STUDY_ID=abc&SESSION_ID=1")
    browser.until_heading()
    check("null" not in browser.text(), "the consent page shows no missing values")
    look(browser, out / f"{name}-01-consent.png")
    focused = browser.run("return document.activeElement.tagName")
    check(focused == "H1", "the heading has the focus, so that it is read first")
    browser.press("I agree")
    browser.until_heading("What to do")
    check("#" in browser.address() and "PROLIFIC" not in browser.run("return location.hash"),
          "the address has become the participant's own")
    look(browser, out / f"{name}-02-instructions.png")
    browser.press("Start with some practice")
    question(browser, 1, 1)
    check(browser.label(".answers button:nth-child(4)") == "3", "an answer is named by its label")
    check(browser.label("#bar").startswith("Practice 1 of 2"),
          "the progress bar names the place in the study")
    browser.keys("8")
    question(browser, 1, 2)
    look(browser, out / f"{name}-03-second-question.png")
    browser.keys("8")  # The first choice again has no effect.
    time.sleep(0.3)
    question(browser, 1, 2)
    browser.keys("3")
    browser.until("document.querySelector('.verdict')", "feedback")
    check(browser.heading() == "Right", "a right practice answer gets feedback")
    look(browser, out / f"{name}-04-feedback.png")
    browser.keys(ENTER)
    answer(browser, 2, "0", "n")
    browser.until("document.querySelector('.verdict')", "feedback")
    check(browser.heading() == "Not quite", "a wrong practice answer gets feedback")
    check("The practice is over" in browser.text(), "the page says that the practice is over")
    look(browser, out / f"{name}-05-feedback-wrong.png")
    browser.keys(ENTER)
    question(browser, 3, 1)
    look(browser, out / f"{name}-06-trial.png")
    browser.keys("7")
    question(browser, 3, 2)
    browser.keys(BACKSPACE)
    question(browser, 3, 1)
    check(True, "Backspace undoes the first answer during the second question")
    browser.keys("4")
    question(browser, 3, 2)
    browser.reload()
    browser.until_heading("Welcome back")
    look(browser, out / f"{name}-07-welcome-back.png")
    browser.press("Continue")
    question(browser, 3, 2)
    check(True, "after a reload the page continues with the second question of the same picture")
    browser.keys("6")
    browser.until("document.querySelector('.blank')", "the pause")
    browser.shoot(out / f"{name}-08-pause.png")
    browser.press("Undo")
    question(browser, 3, 2)
    check(True, "the button undoes the last answer before the next picture")
    browser.keys("5")
    question(browser, 4, 1)
    # A second tab answers the same question; the first one then goes on after it.
    secret = browser.address().split("#")[1]
    first_tab = browser.open_tab()
    browser.go(server.address + "#" + secret)
    browser.until_heading("Welcome back")
    browser.press("Continue")
    answer(browser, 4, "6", "n")
    question(browser, 5, 1)
    browser.switch(first_tab)
    browser.keys("1")
    question(browser, 5, 1)
    check(True, "a tab that is behind goes on where the other tab is")
    browser.complaints()
    server.kill()
    browser.keys("n")
    browser.until("!document.getElementById('trouble').hidden", "the note about the connection")
    look(browser, out / f"{name}-09-no-connection.png")
    server.start()
    question(browser, 6, 1)
    check(browser.run("return document.getElementById('trouble').hidden"),
          "an answer is sent again after the server was killed")
    browser.complaints()
    for position in (6, 7):
        answer(browser, position, "N")
    answer(browser, 8, "1", "2")
    browser.until("document.querySelector('textarea')", "the comments")
    look(browser, out / f"{name}-10-comments.png")
    comment = '1, 2 and <b>n</b> are "typed" here'
    browser.type("#comment-", comment)
    browser.run("document.getElementById('about-age').value = '1'")
    check(completion not in browser.run("return document.documentElement.outerHTML"),
          "the page does not know the completion address before the end")
    browser.press("Finish")
    shown_code = "return document.querySelector('.code').innerText"
    browser.until("document.querySelector('.code')", "the code")
    code = browser.run(shown_code)
    look(browser, out / f"{name}-11-end.png")
    browser.reload()
    browser.until("document.querySelector('.code')", "the code again")
    check(browser.run(shown_code) == code, f"the code {code} is the same after a reload")
    check(browser.run("return document.querySelector('a.button').href") == completion,
          "the last page links to the completion address")
    browser.press("Stay")
    check_console(browser)
    check_requests(browser, server.address)
    browser.quit()
    second = kind(1280, 800)
    second.go(server.address + "#" + secret)
    second.until("document.querySelector('.code')", "the code in another browser")
    second.go("about:blank")
    second.go(server.address + "#" + secret[::-1])
    second.until_heading()
    check("cannot be opened" in second.heading(), "a wrong link opens nothing")
    look(second, out / f"{name}-12-refused.png")
    second.quit()
    quietly(crossfire, "study", "export", folder)
    expected = [
        (1, 1, "8"), (1, 2, "3"), (2, 1, "0"), (2, 2, "na"), (3, 1, "4"), (3, 2, "5"), (4, 1, "6"),
        (4, 2, "na"), (5, 1, "na"), (6, 1, "na"), (7, 1, "na"), (8, 1, "1"), (8, 2, "2")]
    check(table(folder, "answers.csv", "position", "question", "choice")
          == [(str(position), str(number), choice) for position, number, choice in expected],
          "every answer is stored as it was given")
    check(table(folder, "undone.csv", "position", "question", "choice")
          == [("3", "1", "7"), ("3", "2", "6")], "the undone answers are stored, too")
    rows = table(folder, "answers.csv")
    times = [float(row["rt_ms"]) for row in rows]
    check(all(0 < value < 60_000 for value in times),
          f"response times are plausible: {min(times):.0f} to {max(times):.0f} ms")
    check([row["session"] for row in rows][:7] == ["1"] * 5 + ["2"] + ["3"],
          "a reload and a second tab begin a session each")
    person = table(folder, "participants.csv")[0]
    check([person[name] for name in ("prolific_pid", "study_id", "session_id", "worker_id")]
          == ["5f1", "abc", "1", ""], "the identifiers of the address have their columns")
    check(table(folder, "demographics.csv", "question", "choice") == [("age", "25 to 34")],
          "a question about the participant is answered, and the other one is left out")
    check(table(folder, "comments.csv")[0]["comment"] == comment,
          "the comment is stored, and typing it answered nothing")
    check("reload" in [row["event"] for row in table(folder, "events.csv")],
          "the reload is stored as an event")
    server.kill()


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
    for number in range(5):
        browser.press("Punkt bewegen")
        time.sleep(1.2)
        if number == 0:
            look(browser, out / "german-5-blind-spot.png")
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
