"""Drives Chromium and Firefox for the scripts that test pages, with nothing but Python.

Chromium is driven by chromedriver over HTTP (WebDriver), Firefox by its own protocol (Marionette),
which has the same commands.
"""

import base64
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

# The key by which WebDriver marks the reference of an element.
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
ENTER = "\ue007"
BACKSPACE = "\ue003"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Browser:
    """What can be done in both browsers. `ask` sends a command."""

    def go(self, address):
        self.ask("POST", "/url", "Navigate", {"url": address})

    def address(self):
        return self.ask("GET", "/url", "GetCurrentURL")

    def reload(self):
        self.ask("POST", "/refresh", "Refresh", {})

    def run(self, script, *arguments):
        return self.ask("POST", "/execute/sync", "ExecuteScript",
                        {"script": script, "args": list(arguments)})

    def run_later(self, script, *arguments):
        """Runs a script that calls its last argument with the result."""
        return self.ask("POST", "/execute/async", "ExecuteAsyncScript",
                        {"script": script, "args": list(arguments)})

    def text(self):
        return self.run("return document.getElementById('view').innerText")

    def heading(self):
        return self.run("return document.querySelector('main h1')?.innerText ?? ''")

    def keys(self, text):
        actions = [{"type": kind, "value": key} for key in text for kind in ("keyDown", "keyUp")]
        keyboard = {"type": "key", "id": "keyboard", "actions": actions}
        self.ask("POST", "/actions", "PerformActions", {"actions": [keyboard]})

    def find(self, selector, using="css selector"):
        found = self.ask("POST", "/element", "FindElement", {"using": using, "value": selector})
        return found.get("value", found)[ELEMENT]

    def type(self, selector, text):
        element = self.find(selector)
        self.ask("POST", f"/element/{element}/value", "ElementSendKeys",
                 {"id": element, "text": text})

    def label(self, selector):
        """The name of an element as a screen reader says it."""
        element = self.find(selector)
        return self.ask("GET", f"/element/{element}/computedlabel", "GetComputedLabel",
                        {"id": element})

    def press(self, words):
        """Clicks the first button or link that contains these words."""
        path = f"//*[self::button or self::a][contains(., '{words}')]"
        element = self.find(path, "xpath")
        self.ask("POST", f"/element/{element}/click", "ElementClick", {"id": element})

    def open_tab(self):
        """Opens another tab and goes on there. Returns the handle of the tab before."""
        before = self.ask("GET", "/window", "GetWindowHandle")
        opened = self.ask("POST", "/window/new", "NewWindow", {"type": "tab"})
        self.switch(opened["handle"])
        return before

    def switch(self, handle):
        self.ask("POST", "/window", "SwitchToWindow", {"handle": handle})

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
        script = heading if words is None else f"{heading}?.innerText === {json.dumps(words)}"
        self.until(script, f"the heading {words}")

    def shoot(self, place):
        place.write_bytes(base64.b64decode(self.screenshot()))

    def violations(self, axe):
        """What axe-core, whose source is given, finds wrong on the page, one line each."""
        return self.run_later(
            "const done = arguments[arguments.length - 1];"
            "if (!window.axe) { (0, eval)(arguments[0]); }"
            "axe.run(document, {preload: false}).then((found) => done(found.violations.map((one) =>"
            " `${one.id}: ${one.nodes.map((node) => node.target).join(' ')}`)),"
            " (error) => done([String(error)]));", axe)


class Chromium(Browser):
    """A headless Chromium. `start` must be called once before."""

    driver = None
    # The longest time that a command may take, in seconds.
    patience = 60

    @classmethod
    def start(cls):
        """Starts chromedriver; returns the reason if that is impossible."""
        if not shutil.which("chromedriver"):
            return "chromedriver is missing: apt-get install chromium chromium-driver"
        port = free_port()
        cls.process = subprocess.Popen(
            ["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        cls.driver = f"http://127.0.0.1:{port}"
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return None
            time.sleep(0.1)
        return "chromedriver does not answer"

    @classmethod
    def stop(cls):
        if cls.driver:
            cls.process.terminate()

    def __init__(self, width, height, phone=False, downloads=None):
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
        self.session = self.ask("POST", "/session", None, capabilities, bare=True)["sessionId"]

    def ask(self, method, path, _, body=None, bare=False):
        """Sends a WebDriver command to the session, or to the driver itself if `bare`."""
        address = self.driver + (path if bare else f"/session/{self.session}{path}")
        data = json.dumps(body).encode() if method == "POST" else None
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(address, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=self.patience) as reply:
                return json.load(reply)["value"]
        except urllib.error.HTTPError as error:
            reason = error.read().decode()[:400]
            raise RuntimeError(f"{method} {path}: {reason}") from None

    def command(self, name, parameters):
        return self.ask("POST", "/goog/cdp/execute", None, {"cmd": name, "params": parameters})

    def screenshot(self):
        """The whole page, also what is outside of the window."""
        return self.command("Page.captureScreenshot", {"captureBeyondViewport": True})["data"]

    def dark(self):
        features = [{"name": "prefers-color-scheme", "value": "dark"}]
        self.command("Emulation.setEmulatedMedia", {"features": features})

    def complaints(self):
        """The warnings and errors in the browser's console since the last call."""
        return [entry["message"]
                for entry in self.ask("POST", "/se/log", None, {"type": "browser"})
                if entry["level"] in ("SEVERE", "WARNING")]

    def requested(self):
        """Every address that the page requested."""
        found = []
        for entry in self.ask("POST", "/se/log", None, {"type": "performance"}):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                found.append(message["params"]["request"]["url"])
        return found

    def quit(self):
        self.ask("DELETE", "", None)


class Firefox(Browser):
    """A headless Firefox."""

    @classmethod
    def start(cls):
        """Returns the reason if Firefox cannot be started."""
        cls.program = shutil.which("firefox-esr") or shutil.which("firefox")
        return None if cls.program else "Firefox is missing: apt-get install firefox-esr"

    @classmethod
    def stop(cls):
        pass

    def __init__(self, width, height):
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        port = free_port()
        settings = {"marionette.port": port, "browser.shell.checkDefaultBrowser": False,
                    "datareporting.policy.dataSubmissionEnabled": False,
                    "browser.startup.page": 0, "app.update.auto": False}
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});"
                 for name, value in settings.items()]
        pathlib.Path(self.profile.name, "user.js").write_text("\n".join(lines))
        environment = {**os.environ, "MOZ_HEADLESS_WIDTH": str(width),
                       "MOZ_HEADLESS_HEIGHT": str(height)}
        self.process = subprocess.Popen(
            [self.program, "--headless", "--marionette", "--no-remote", "--profile",
             self.profile.name, "about:blank"],
            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.socket, self.buffer, self.count = self.connect(port), b"", 0
        self.receive()
        self.ask(None, None, "NewSession", {"capabilities": {}})

    def connect(self, port):
        for _ in range(600):
            try:
                return socket.create_connection(("127.0.0.1", port), timeout=60)
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("Firefox does not answer")

    def receive(self):
        while b":" not in self.buffer:
            self.buffer += self.socket.recv(65536)
        length, self.buffer = self.buffer.split(b":", 1)
        while len(self.buffer) < int(length):
            self.buffer += self.socket.recv(1 << 20)
        message, self.buffer = self.buffer[:int(length)], self.buffer[int(length):]
        return json.loads(message)

    def ask(self, method, path, name, body=None):
        self.count += 1
        message = json.dumps([0, self.count, "WebDriver:" + name, body or {}]).encode()
        self.socket.sendall(str(len(message)).encode() + b":" + message)
        _, _, error, result = self.receive()
        if error:
            raise RuntimeError(f"{name}: {error['message'][:400]}")
        return result["value"] if isinstance(result, dict) and set(result) == {"value"} else result

    def screenshot(self):
        return self.ask(None, None, "TakeScreenshot", {"full": True, "hash": False})

    def complaints(self):
        return []

    def requested(self):
        return self.run(
            "return performance.getEntriesByType('resource').map((entry) => entry.name)")

    def quit(self):
        try:
            self.ask(None, None, "DeleteSession")
        finally:
            self.socket.close()
            self.process.terminate()
            self.process.wait()
            self.profile.cleanup()
