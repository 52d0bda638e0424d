#!/usr/bin/env python3
"""Drives the study's page in a headless Chromium, as a participant would: consent, keys, a reload, a server that is gone for a
moment, the end; on a desktop, on a phone, in the dark, and without a server. Leaves screenshots.

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
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


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
    """As much of WebDriver as is needed."""

    def __init__(self, driver, width, height, phone=False, downloads=None):
        self.driver = driver
        options = {"args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={width},{height}"]}
        if phone:
            options["mobileEmulation"] = {
                "deviceMetrics": {"width": width, "height": height, "pixelRatio": 2, "touch": True, "mobile": True}}
        if downloads:
            options["prefs"] = {"download.default_directory": str(downloads)}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options,
                  "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}
        self.session = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}}, bare=True)["sessionId"]

    def ask(self, method, path, body=None, bare=False):
        address = self.driver + (path if bare else f"/session/{self.session}{path}")
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(address, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                return json.load(reply)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.read().decode()[:400]}") from None

    def go(self, address): self.ask("POST", "/url", {"url": address})
    def address(self): return self.ask("GET", "/url")
    def reload(self): self.ask("POST", "/refresh", {})
    def run(self, script, *arguments): return self.ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})
    def text(self): return self.run("return document.getElementById('view').innerText")
    def heading(self): return self.run("return document.querySelector('main h1')?.innerText ?? ''")

    def keys(self, text):
        actions = [{"type": kind, "value": key} for key in text for kind in ("keyDown", "keyUp")]
        self.ask("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def find(self, selector): return self.ask("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]
    def label(self, selector): return self.ask("GET", f"/element/{self.find(selector)}/computedlabel")

    def press(self, words):
        """Clicks the button or link with these words."""
        path = f"//*[self::button or self::a][contains(., '{words}')]"
        found = self.ask("POST", "/element", {"using": "xpath", "value": path})[ELEMENT]
        self.ask("POST", f"/element/{found}/click", {})

    def until(self, script, what, patience=10):
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if self.run("return " + script):
                return
            time.sleep(0.03)
        raise RuntimeError(f"never: {what}\n{self.text()}")

    def shoot(self, place): place.write_bytes(base64.b64decode(self.ask("GET", "/screenshot")))

    def dark(self):
        self.ask("POST", "/goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": {
            "features": [{"name": "prefers-color-scheme", "value": "dark"}]}})

    def complaints(self):
        return [entry["message"] for entry in self.ask("POST", "/se/log", {"type": "browser"})
                if entry["level"] in ("SEVERE", "WARNING")]

    def requested(self):
        """Every address the page asked for."""
        found = []
        for entry in self.ask("POST", "/se/log", {"type": "performance"}):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                found.append(message["params"]["request"]["url"])
        return found

    def quit(self): self.ask("DELETE", "")


class Server:
    def __init__(self, crossfire, folder, port=0, *options):
        self.command = [crossfire, "study", "serve", str(folder), "--port", str(port), *options]
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.address = self.process.stdout.readline().strip()
        self.command[5] = self.address.rsplit(":", 1)[1].strip("/")

    def kill(self):
        self.process.kill()
        self.process.wait()


def question(browser, position, number):
    browser.until(
        f"!document.getElementById('view').hasAttribute('aria-busy') && document.querySelectorAll('.answers button:not(:disabled)').length >= 9 && "
        f"document.getElementById('bar').value === {position - 1} && "
        f"(document.querySelector('.answers [aria-pressed=true]') !== null) === {str(number == 2).lower()}",
        f"question {number} of picture {position}")


def fits(browser, what):
    wide = browser.run("return [document.documentElement.scrollWidth, innerWidth, document.documentElement.scrollHeight, innerHeight]")
    check(wide[0] <= wide[1], f"{what}: {wide[0]} px wide in {wide[1]}, {wide[2]} px high in {wide[3]}")
    return wide[2] <= wide[3]


def desktop(crossfire, driver, folder, out):
    print("desktop, 1280 x 800")
    tiny_study.write(folder)
    server = Server(crossfire, folder, 0, "--completion-url", "https://app.example.org/complete?cc=X")
    browser = Browser(driver, 1280, 800)
    browser.go(server.address + "?PROLIFIC_PID=5f1&STUDY_ID=abc&SESSION_ID=1")
    browser.until("document.querySelector('main h1')", "the consent page")
    check("null" not in browser.text(), "the consent page says what it should")
    browser.shoot(out / "desktop-1-consent.png")
    check(browser.run("return document.activeElement.tagName") == "H1", "the heading has the focus, so that it is read first")
    browser.press("I agree")
    browser.until("document.querySelector('main h1').innerText === 'What to do'", "the instructions")
    check("#" in browser.address() and "PROLIFIC" not in browser.run("return location.hash"), "the address is the participant's own")
    browser.shoot(out / "desktop-2-instructions.png")
    browser.press("Start with some practice")
    question(browser, 1, 1)
    check(browser.label(".answers button:nth-child(4)") == "3", "an answer is called by its label")
    check(browser.label("#bar").startswith("Practice 1 of 2"), "the progress bar says where one is")
    browser.keys("8")
    question(browser, 1, 2)
    browser.shoot(out / "desktop-3-second-question.png")
    browser.keys("8")  # the first choice again: nothing happens
    time.sleep(0.3)
    question(browser, 1, 2)
    browser.keys("3")
    browser.until("document.querySelector('.verdict')", "feedback")
    check(browser.heading() == "Right", "feedback after practice")
    browser.shoot(out / "desktop-4-feedback.png")
    browser.keys("\ue007")
    question(browser, 2, 1)
    browser.keys("0")
    question(browser, 2, 2)
    browser.keys("n")
    browser.until("document.querySelector('.verdict')", "feedback")
    check(browser.heading() == "Not quite" and "The practice is over" in browser.text(), "the practice ends")
    browser.shoot(out / "desktop-5-feedback-wrong.png")
    browser.keys("\ue007")
    question(browser, 3, 1)
    check(fits(browser, "a trial"), "a trial needs no scrolling")
    browser.shoot(out / "desktop-6-trial.png")
    browser.keys("4")
    question(browser, 3, 2)
    browser.reload()
    browser.until("document.querySelector('main h1')?.innerText === 'Welcome back'", "welcome back")
    browser.shoot(out / "desktop-7-welcome-back.png")
    browser.press("Go on")
    question(browser, 3, 2)
    check(True, "after a reload the page goes on at the second question of the same picture")
    browser.keys("5")
    question(browser, 4, 1)
    complaints = browser.complaints()
    check(not complaints, f"nothing to complain about: {complaints}")
    server.kill()
    browser.keys("6")
    browser.until("!document.getElementById('trouble').hidden", "the note that the connection is gone")
    browser.shoot(out / "desktop-8-no-connection.png")
    server.start()
    question(browser, 4, 2)
    check(browser.run("return document.getElementById('trouble').hidden"), "an answer outlives a server that is killed")
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
    browser.ask("POST", f"/element/{box}/value", {"text": "1, 2 and <b>n</b> are \"typed\" here"})
    browser.press("Finish")
    browser.until("document.querySelector('.code')", "the code")
    code = browser.run("return document.querySelector('.code').innerText")
    browser.shoot(out / "desktop-10-end.png")
    browser.reload()
    browser.until("document.querySelector('.code')", "the code again")
    check(browser.run("return document.querySelector('.code').innerText") == code, f"the code {code} is the same after a reload")
    check(browser.run("return document.querySelector('a.button').href").endswith("cc=X"), "the way back")
    complaints = browser.complaints()
    check(not complaints, f"nothing to complain about: {complaints}")
    strangers = [url for url in browser.requested() if not url.startswith((server.address, "blob:", "data:", "chrome", "about:"))]
    check(not strangers, f"no other host is asked for anything: {strangers[:3]}")
    secret = browser.address().split("#")[1]
    browser.quit()
    second = Browser(driver, 1280, 800)
    second.go(server.address + "#" + secret)
    second.until("document.querySelector('.code')", "the code elsewhere")
    second.go("about:blank")
    second.go(server.address + "#" + secret[::-1])
    second.until("document.querySelector('main h1')", "a refusal")
    check("cannot be opened" in second.heading(), "a link that is none opens nothing")
    second.quit()
    subprocess.run([crossfire, "study", "export", str(folder)], check=True, stdout=subprocess.DEVNULL)
    rows = list(csv.DictReader(open(folder / "answers.csv")))
    told = [(row["position"], row["question"], row["choice"]) for row in rows]
    check(told == [(str(p), str(q), c) for p, q, c in [
        (1, 1, "8"), (1, 2, "3"), (2, 1, "0"), (2, 2, "na"), (3, 1, "4"), (3, 2, "5"), (4, 1, "6"), (4, 2, "na"), (5, 1, "na"),
        (6, 1, "na"), (7, 1, "na"), (8, 1, "1"), (8, 2, "2")]], "every answer is stored as it was given")
    times = [float(row["rt_ms"]) for row in rows]
    check(all(0 < value < 10_000 for value in times), f"response times {min(times):.0f} to {max(times):.0f} ms")
    check([row["session"] for row in rows][:6] == ["1"] * 5 + ["2"], "the reload begins a session")
    people = list(csv.DictReader(open(folder / "participants.csv")))
    check(people[0]["external"] == "PROLIFIC_PID=5f1 STUDY_ID=abc SESSION_ID=1", "the identifiers of the address")
    comments = list(csv.DictReader(open(folder / "comments.csv")))
    check(comments[0]["comment"] == '1, 2 and <b>n</b> are "typed" here', "the comment, and no key of it taken for an answer")
    check("reload" in [row["event"] for row in csv.DictReader(open(folder / "events.csv"))], "the reload is noted")
    server.kill()


def phone(crossfire, driver, folder, out):
    print("phone, 390 x 844, in the dark, then 320 x 568")
    tiny_study.write(folder, practice=0)
    server = Server(crossfire, folder)
    browser = Browser(driver, 390, 844, phone=True)
    browser.dark()
    browser.go(server.address)
    browser.until("document.querySelector('main h1')", "the consent page")
    browser.shoot(out / "phone-1-consent.png")
    fits(browser, "consent")
    browser.press("I agree")
    browser.until("document.querySelector('main h1').innerText === 'What to do'", "the instructions")
    browser.shoot(out / "phone-2-instructions.png")
    browser.press("Start")
    question(browser, 1, 1)
    check(fits(browser, "trial"), "a trial needs no scrolling")
    browser.shoot(out / "phone-3-trial.png")
    smallest = browser.run("return Math.min(...[...document.querySelectorAll('main button')].map((b) => Math.min(b.offsetWidth, b.offsetHeight)))")
    check(smallest >= 44, f"the smallest answer to touch is {smallest} px")
    for position in range(1, 7):
        question(browser, position, 1)
        browser.press("None of them")
    browser.until("document.querySelector('textarea')", "the comments")
    browser.shoot(out / "phone-4-comments.png")
    fits(browser, "comments")
    browser.press("Stop taking part")
    browser.shoot(out / "phone-5-stop.png")
    browser.press("Stop, and do not")
    browser.until("document.querySelector('main h1').innerText === 'You have stopped'", "the end")
    complaints = browser.complaints()
    check(not complaints, f"nothing to complain about: {complaints}")
    browser.quit()
    small = Browser(driver, 320, 568, phone=True)
    small.go(server.address)
    small.until("document.querySelector('main h1')", "the consent page")
    fits(small, "consent")
    small.press("I agree")
    small.until("document.querySelector('main h1').innerText === 'What to do'", "the instructions")
    small.press("Start")
    question(small, 1, 1)
    fits(small, "trial")
    lowest = small.run("return document.querySelector('.none').getBoundingClientRect().bottom")
    check(lowest <= 568, f"every answer is in sight: the last ends at {lowest:.0f} px")
    small.shoot(out / "phone-6-small.png")
    small.quit()
    server.kill()


def words(crossfire, driver, folder, out):
    print("labels that are words, a time limit, 1280 x 800")
    names = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    tiny_study.write(folder, practice=0, trials=2, sheets=0, classNames=names, secondsPerAnswer=1.5)
    server = Server(crossfire, folder)
    browser = Browser(driver, 1280, 800)
    browser.go(server.address)
    browser.until("document.querySelector('main h1')", "the consent page")
    browser.press("I agree")
    browser.until("document.querySelector('main h1').innerText === 'What to do'", "the instructions")
    browser.press("Start")
    question(browser, 1, 1)
    browser.shoot(out / "words-1-trial.png")
    check(browser.label(".answers button:nth-child(4)") == "cat", "the key is not part of a label's name")
    question(browser, 2, 1)
    browser.keys("3")
    question(browser, 2, 2)
    browser.until("document.querySelector('textarea')", "the comments")
    subprocess.run([crossfire, "study", "export", str(folder)], check=True, stdout=subprocess.DEVNULL)
    rows = [(row["position"], row["question"], row["choice"], row["ended_on"]) for row in csv.DictReader(open(folder / "answers.csv"))]
    check(rows == [("1", "1", "", "timeout"), ("2", "1", "3", "response"), ("2", "2", "", "timeout")], "time that is over is no answer")
    browser.quit()
    server.kill()


def without_server(crossfire, driver, folder, out):
    print("without a server")
    tiny_study.write(folder)
    page, downloads = folder / "page", folder / "downloads"
    downloads.mkdir()
    subprocess.run([crossfire, "study", "page", str(folder), "--out", str(page), "--quiet"], check=True, stdout=subprocess.DEVNULL)
    browser = Browser(driver, 1280, 800, downloads=downloads)
    browser.go(f"file://{page}/index.html?list=2")
    browser.until("document.querySelector('main h1')", "the consent page")
    browser.press("I agree")
    browser.until("document.querySelector('main h1').innerText === 'What to do'", "the instructions")
    browser.press("Start")
    question(browser, 1, 1)
    browser.keys("8")
    question(browser, 1, 2)
    browser.reload()
    browser.until("document.querySelector('main h1')?.innerText === 'Welcome back'", "welcome back")
    browser.press("Go on")
    question(browser, 1, 2)
    browser.keys("n")
    browser.until("document.querySelector('.verdict')", "feedback")
    check(browser.heading() == "Right", "feedback after practice")
    browser.keys("\ue007")
    question(browser, 2, 1)
    browser.keys("n")
    browser.until("document.querySelector('.verdict')", "feedback")
    browser.keys("\ue007")
    for position in range(3, 9):
        question(browser, position, 1)
        browser.keys("n")
    browser.until("document.querySelector('textarea')", "the comments")
    check(browser.run("return document.querySelector('.sheet').naturalWidth") == 560, "the sheet is shown")
    browser.press("Finish")
    browser.until("document.querySelector('a.button')", "the file")
    browser.shoot(out / "file-1-end.png")
    browser.press("Save my answers")
    end = time.monotonic() + 10
    while time.monotonic() < end and not list(downloads.glob("answers-*.json")):
        time.sleep(0.1)
    complaints = browser.complaints()
    check(not complaints, f"nothing to complain about: {complaints}")
    strangers = [url for url in browser.requested() if not url.startswith(("file:", "blob:", "data:", "chrome", "about:"))]
    check(not strangers, f"nothing but files is asked for: {strangers[:3]}")
    browser.quit()
    files = [str(file) for file in downloads.glob("answers-*.json")]
    check(len(files) == 1, f"one file is saved: {[pathlib.Path(file).name for file in files]}")
    told = subprocess.run([crossfire, "study", "collect", str(folder), *files, "--json", "--quiet"], check=True, stdout=subprocess.PIPE, text=True)
    check(json.loads(told.stdout)["added"] == 1, "and collected")
    rows = [(row["position"], row["question"], row["choice"]) for row in csv.DictReader(open(folder / "answers.csv"))]
    check(rows == [("1", "1", "8"), ("1", "2", "na")] + [(str(p), "1", "na") for p in range(2, 9)], "every answer as it was given")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--crossfire", default=str(ROOT / ".build/release/crossfire"))
    options.add_argument("--out", default=None)
    options = options.parse_args()
    driver_path = shutil.which("chromedriver") or sys.exit("chromedriver is missing: apt-get install chromium chromium-driver")
    out = pathlib.Path(options.out or tempfile.mkdtemp(prefix="study-page-"))
    out.mkdir(parents=True, exist_ok=True)
    port = free_port()
    driver = subprocess.Popen([driver_path, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(1)
    try:
        with tempfile.TemporaryDirectory() as folder:
            for part in (desktop, phone, words, without_server):
                part(options.crossfire, f"http://127.0.0.1:{port}", pathlib.Path(folder) / part.__name__, out)
    finally:
        driver.terminate()
    print(f"screenshots in {out}")
    sys.exit(1 if check.failures else 0)


if __name__ == "__main__":
    main()
