"""Steps that the scripts which test the study's page share."""

import csv
import subprocess


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
    browser.until(" && ".join(ready), f"question {number} of picture {position}", 30)


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
