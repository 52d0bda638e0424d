#!/usr/bin/env python3
"""Drives the study's page in a headless Chromium as a participant would, and leaves screenshots.

It checks the consent, answers by keyboard and by touch, a reload, a server that is killed and
started again, and the end; on a desktop, on a phone, in the dark, with a time limit, and without a
server.

    apt-get install chromium chromium-driver
    make build && python3 Tests/study_page.py [--crossfire .build/release/crossfire] [--out FOLDER]
"""

import argparse
import base64
import csv
import json
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import tiny_study

ROOT = pathlib.Path(__file__).resolve().parent.parent
# The key by which WebDriver marks the reference of an element.
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
ENTER = "\ue007"


def check(truth, what):
    print(("  ok    " if truth else "  WRONG ") + what, flush=True)
    if not truth:
        check.failures.append(what)


check.failures = []


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Browser:
    """A browser that is driven by the WebDriver protocol."""

    # The longest time that a command may take, in seconds.
    patience = 60

    def __init__(self, driver, width, height, phone=False, downloads=None):
        self.driver = driver
        options = {"args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                            f"--window-size={width},{height}"]}
        if phone:
            options["mobileEmulation"] = {"deviceMetrics": {
                "width": width, "height": height, "pixelRatio": 2, "touch": True, "mobile": True}}
        if downloads:
            options["prefs"] = {"download.default_directory": str(downloads)}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options,
                  "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}
        capabilities = {"capabilities": {"alwaysMatch": wanted}}
        self.session = self.ask("POST", "/session", capabilities, bare=True)["sessionId"]

    def ask(self, method, path, body=None, bare=False):
        """Sends a WebDriver command to the session, or to the driver itself if `bare`."""
        address = self.driver + (path if bare else f"/session/{self.session}{path}")
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(address, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=self.patience) as reply:
                return json.load(reply)["value"]
        except urllib.error.HTTPError as error:
            reason = error.read().decode()[:400]
            raise RuntimeError(f"{method} {path}: {reason}") from None

    def go(self, address):
        self.ask("POST", "/url", {"url": address})

    def address(self):
        return self.ask("GET", "/url")

    def reload(self):
        self.ask("POST", "/refresh", {})

    def run(self, script, *arguments):
        return self.ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def text(self):
        return self.run("return document.getElementById('view').innerText")

    def heading(self):
        return self.run("return document.querySelector('main h1')?.innerText ?? ''")

    def keys(self, text):
        actions = [{"type": kind, "value": key} for key in text for kind in ("keyDown", "keyUp")]
        keyboard = {"type": "key", "id": "keyboard", "actions": actions}
        self.ask("POST", "/actions", {"actions": [keyboard]})

    def find(self, selector):
        found = self.ask("POST", "/element", {"using": "css selector", "value": selector})
        return found[ELEMENT]

    def label(self, selector):
        """The name of an element as a screen reader says it."""
        return self.ask("GET", f"/element/{self.find(selector)}/computedlabel")

    def press(self, words):
        """Clicks the first button or link that contains these words."""
        path = f"//*[self::button or self::a][contains(., '{words}')]"
        found = self.ask("POST", "/element", {"using": "xpath", "value": path})[ELEMENT]
        self.ask("POST", f"/element/{found}/click", {})

    def until(self, script, what, patience=10):
        """Waits until an expression is true."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if self.run("return " + script):
                return
            time.sleep(0.03)
        raise RuntimeError(f"did not appear: {what}\n{self.text()}")

    def until_heading(self, words=None):
        """Waits until the page has a heading, or this heading."""
        heading = "document.querySelector('main h1')"
        script = heading if words is None else f"{heading}?.innerText === '{words}'"
        self.until(script, f"the heading {words}")

    def shoot(self, place):
        place.write_bytes(base64.b64decode(self.ask("GET", "/screenshot")))

    def dark(self):
        features = [{"name": "prefers-color-scheme", "value": "dark"}]
        self.ask("POST", "/goog/cdp/execute", {
            "cmd": "Emulation.setEmulatedMedia", "params": {"features": features}})

    def complaints(self):
        """The warnings and errors in the browser's console since the last call."""
        return [entry["message"] for entry in self.ask("POST", "/se/log", {"type": "browser"})
                if entry["level"] in ("SEVERE", "WARNING")]

    def requested(self):
        """Every address that the page requested."""
        found = []
        for entry in self.ask("POST", "/se/log", {"type": "performance"}):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                found.append(message["params"]["request"]["url"])
        return found

    def quit(self):
        self.ask("DELETE", "")


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


def desktop(crossfire, driver, folder, out):
    print("desktop, 1280 x 800")
    tiny_study.write(folder)
    completion = "https://app.example.org/complete?cc=X"
    server = Server(crossfire, folder, 0, "--completion-url", completion)
    browser = Browser(driver, 1280, 800)
    browser.go(server.address + "?PROLIFIC_PID=5f1&STUDY_ID=abc&SESSION_ID=1")
    browser.until_heading()
    check("null" not in browser.text(), "the consent page shows no missing values")
    browser.shoot(out / "desktop-1-consent.png")
    focused = browser.run("return document.activeElement.tagName")
    check(focused == "H1", "the heading has the focus, so that it is read first")
    browser.press("I agree")
    browser.until_heading("What to do")
    check("#" in browser.address() and "PROLIFIC" not in browser.run("return location.hash"),
          "the address has become the participant's own")
    browser.shoot(out / "desktop-2-instructions.png")
    browser.press("Start with some practice")
    question(browser, 1, 1)
    check(browser.label(".answers button:nth-child(4)") == "3", "an answer is named by its label")
    check(browser.label("#bar").startswith("Practice 1 of 2"),
          "the progress bar names the place in the study")
    browser.keys("8")
    question(browser, 1, 2)
    browser.shoot(out / "desktop-3-second-question.png")
    browser.keys("8")  # The first choice again has no effect.
    time.sleep(0.3)
    question(browser, 1, 2)
    browser.keys("3")
    browser.until("document.querySelector('.verdict')", "feedback")
    check(browser.heading() == "Right", "a right practice answer gets feedback")
    browser.shoot(out / "desktop-4-feedback.png")
    browser.keys(ENTER)
    question(browser, 2, 1)
    browser.keys("0")
    question(browser, 2, 2)
    browser.keys("n")
    browser.until("document.querySelector('.verdict')", "feedback")
    check(browser.heading() == "Not quite", "a wrong practice answer gets feedback")
    check("The practice is over" in browser.text(), "the page says that the practice is over")
    browser.shoot(out / "desktop-5-feedback-wrong.png")
    browser.keys(ENTER)
    question(browser, 3, 1)
    check(fits(browser, "a trial"), "a trial needs no scrolling")
    browser.shoot(out / "desktop-6-trial.png")
    browser.keys("4")
    question(browser, 3, 2)
    browser.reload()
    browser.until_heading("Welcome back")
    browser.shoot(out / "desktop-7-welcome-back.png")
    browser.press("Continue")
    question(browser, 3, 2)
    check(True, "after a reload the page continues with the second question of the same picture")
    browser.keys("5")
    question(browser, 4, 1)
    check_console(browser)
    server.kill()
    browser.keys("6")
    browser.until("!document.getElementById('trouble').hidden", "the note about the connection")
    browser.shoot(out / "desktop-8-no-connection.png")
    server.start()
    question(browser, 4, 2)
    check(browser.run("return document.getElementById('trouble').hidden"),
          "an answer is sent again after the server was killed")
    browser.complaints()
    browser.keys("n")
    for position in (5, 6, 7):
        question(browser, position, 1)
        browser.keys("N")
    question(browser, 8, 1)
    browser.keys("1")
    question(browser, 8, 2)
    browser.keys("2")
    browser.until("document.querySelector('textarea')", "the comments")
    browser.shoot(out / "desktop-9-comments.png")
    box = browser.find("#comment-")
    comment = '1, 2 and <b>n</b> are "typed" here'
    browser.ask("POST", f"/element/{box}/value", {"text": comment})
    browser.press("Finish")
    shown_code = "return document.querySelector('.code').innerText"
    browser.until("document.querySelector('.code')", "the code")
    code = browser.run(shown_code)
    browser.shoot(out / "desktop-10-end.png")
    browser.reload()
    browser.until("document.querySelector('.code')", "the code again")
    check(browser.run(shown_code) == code, f"the code {code} is the same after a reload")
    check(browser.run("return document.querySelector('a.button').href") == completion,
          "the last page links to the completion address")
    check_console(browser)
    check_requests(browser, server.address)
    secret = browser.address().split("#")[1]
    browser.quit()
    second = Browser(driver, 1280, 800)
    second.go(server.address + "#" + secret)
    second.until("document.querySelector('.code')", "the code in another browser")
    second.go("about:blank")
    second.go(server.address + "#" + secret[::-1])
    second.until_heading()
    check("cannot be opened" in second.heading(), "a wrong link opens nothing")
    second.quit()
    quietly(crossfire, "study", "export", folder)
    expected = [
        (1, 1, "8"), (1, 2, "3"), (2, 1, "0"), (2, 2, "na"), (3, 1, "4"), (3, 2, "5"), (4, 1, "6"),
        (4, 2, "na"), (5, 1, "na"), (6, 1, "na"), (7, 1, "na"), (8, 1, "1"), (8, 2, "2")]
    check(table(folder, "answers.csv", "position", "question", "choice")
          == [(str(position), str(number), choice) for position, number, choice in expected],
          "every answer is stored as it was given")
    rows = table(folder, "answers.csv")
    times = [float(row["rt_ms"]) for row in rows]
    check(all(0 < value < 10_000 for value in times),
          f"response times are plausible: {min(times):.0f} to {max(times):.0f} ms")
    check([row["session"] for row in rows][:6] == ["1"] * 5 + ["2"], "a reload begins a session")
    people = table(folder, "participants.csv")
    check(people[0]["external"] == "PROLIFIC_PID=5f1 STUDY_ID=abc SESSION_ID=1",
          "the identifiers of the address are stored")
    check(table(folder, "comments.csv")[0]["comment"] == comment,
          "the comment is stored, and typing it answered nothing")
    check("reload" in [row["event"] for row in table(folder, "events.csv")],
          "the reload is stored as an event")
    server.kill()


def phone(crossfire, driver, folder, out):
    print("phone, 390 x 844, in the dark, then 320 x 568")
    tiny_study.write(folder, practice=0)
    server = Server(crossfire, folder)
    browser = Browser(driver, 390, 844, phone=True)
    browser.dark()
    browser.go(server.address)
    browser.until_heading()
    browser.shoot(out / "phone-1-consent.png")
    fits(browser, "consent")
    browser.press("I agree")
    browser.until_heading("What to do")
    browser.shoot(out / "phone-2-instructions.png")
    browser.press("Start")
    question(browser, 1, 1)
    check(fits(browser, "trial"), "a trial needs no scrolling")
    browser.shoot(out / "phone-3-trial.png")
    smallest = browser.run(
        "const sides = (button) => Math.min(button.offsetWidth, button.offsetHeight);"
        "return Math.min(...[...document.querySelectorAll('main button')].map(sides))")
    check(smallest >= 44, f"the smallest answer to touch is {smallest} px, at least 44")
    for position in range(1, 7):
        question(browser, position, 1)
        browser.press("None of them")
    browser.until("document.querySelector('textarea')", "the comments")
    browser.shoot(out / "phone-4-comments.png")
    fits(browser, "comments")
    browser.press("Stop taking part")
    browser.shoot(out / "phone-5-stop.png")
    browser.press("Stop, and do not")
    browser.until_heading("You have stopped")
    check_console(browser)
    browser.quit()
    small = Browser(driver, 320, 568, phone=True)
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
    small.shoot(out / "phone-6-small.png")
    small.quit()
    server.kill()


def words(crossfire, driver, folder, out):
    print("labels that are words, and a time limit, 1280 x 800")
    names = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship",
             "truck"]
    tiny_study.write(
        folder, practice=0, trials=2, sheets=0, classNames=names, secondsPerAnswer=1.5)
    server = Server(crossfire, folder)
    browser = Browser(driver, 1280, 800)
    browser.go(server.address)
    browser.until_heading()
    browser.press("I agree")
    browser.until_heading("What to do")
    browser.press("Start")
    question(browser, 1, 1)
    browser.shoot(out / "words-1-trial.png")
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


def without_server(crossfire, driver, folder, out):
    print("without a server")
    tiny_study.write(folder)
    page, downloads = folder / "page", folder / "downloads"
    downloads.mkdir()
    quietly(crossfire, "study", "page", folder, "--out", page, "--quiet")
    browser = Browser(driver, 1280, 800, downloads=downloads)
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
    browser.shoot(out / "file-1-end.png")
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
    options = options.parse_args()
    program = shutil.which("chromedriver") or sys.exit(
        "chromedriver is missing: apt-get install chromium chromium-driver")
    out = pathlib.Path(options.out or tempfile.mkdtemp(prefix="study-page-"))
    out.mkdir(parents=True, exist_ok=True)
    port = free_port()
    driver = subprocess.Popen(
        [program, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(1)
    address = f"http://127.0.0.1:{port}"
    try:
        with tempfile.TemporaryDirectory() as name:
            for part in (desktop, phone, words, without_server):
                part(options.crossfire, address, pathlib.Path(name) / part.__name__, out)
    finally:
        driver.terminate()
    print(f"screenshots in {out}")
    sys.exit(1 if check.failures else 0)


if __name__ == "__main__":
    main()
