"""Chromium, headless: one for all tests, each of which opens its own page from a file."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

_OPTIONS = (
    "--headless=new",
    "--no-sandbox",  # tests may run as root, in a container
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_TWO_FRAMES = """
const done = arguments[0];
requestAnimationFrame(() => requestAnimationFrame(() => done()));
"""


class Browser:
    """What the tests do with a page; ``driver`` for what is done once."""

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver
        driver.execute_cdp_cmd("Network.enable", {})

    def open(
        self, path: Path, fragment: str = "", width: int = 1400, scheme: str = "light"
    ) -> None:
        """Open a page anew in a window of a width, with the system's colours."""
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False},
        )
        self.media(scheme=scheme)
        self.driver.get("about:blank")
        for log in ("browser", "performance"):
            self._log(log)  # of the page before
        self.driver.get(f"{path.as_uri()}{fragment}")
        self.settle()

    def media(self, media: str = "", scheme: str = "light", forced: bool = False) -> None:
        """Emulate paper (``print``) or the screen, and the system's colours.

        ``forced``: the reader has chosen a few colours of their own for everything.
        """
        features = [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "forced-colors", "value": "active" if forced else "none"},
        ]
        self.driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"media": media, "features": features}
        )

    def settle(self) -> None:
        """Wait until what is due has been drawn."""
        self.driver.execute_async_script(_TWO_FRAMES)

    def all(self, selector: str) -> list[WebElement]:
        """Give the elements that are there, shown or not."""
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str) -> WebElement:
        """Give the first."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def text(self, selector: str) -> str:
        """Give what a reader sees of the first."""
        return self.one(selector).text

    def click(self, selector: str) -> None:
        """Click in the middle of the first."""
        self.one(selector).click()
        self.settle()

    def keys(self, *keys: str) -> None:
        """Press keys where the focus is."""
        self.driver.switch_to.active_element.send_keys(*keys)
        self.settle()

    def run(self, script: str, *arguments: object) -> Any:
        """Run a script with ``return``; the page's own scope is closed to it."""
        return self.driver.execute_script(script, *arguments)

    def fragment(self) -> str:
        """Give the part of the address behind ``#``."""
        return str(self.run("return location.hash"))

    def complaints(self) -> list[str]:
        """Give what the console has, which names what the policy has blocked, too."""
        return [entry["message"] for entry in self._log("browser")]

    def requested(self) -> list[str]:
        """Give the addresses that the page has asked for, but for what its policy stopped."""
        events = [json.loads(entry["message"])["message"] for entry in self._log("performance")]
        stopped = {
            event["params"]["requestId"]
            for event in events
            if event["method"] == "Network.loadingFailed"
            and event["params"].get("blockedReason") == "csp"
        }
        return [
            event["params"]["request"]["url"]
            for event in events
            if event["method"] == "Network.requestWillBeSent"
            and event["params"]["requestId"] not in stopped
        ]

    def _log(self, name: str) -> list[dict[str, Any]]:
        entries = self.driver.get_log(name)  # type: ignore[no-untyped-call] # selenium's
        return list(entries)

    def printed(self) -> bytes:
        """Give the page as it is printed, a PDF."""
        pdf = self.driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
        return base64.b64decode(pdf["data"])


@contextmanager
def chromium(profile: Path) -> Iterator[Browser]:
    """Start Debian's Chromium with a new profile; skips the test where it is not installed."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.skip("chromium and chromium-driver are not installed")
    options = ChromeOptions()
    options.binary_location = program
    for option in (*_OPTIONS, f"--user-data-dir={profile}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    started = Chrome(options=options, service=Service(driver))
    try:
        yield Browser(started)
    finally:
        started.quit()


ESCAPE, ENTER, DOWN = Keys.ESCAPE, Keys.ENTER, Keys.ARROW_DOWN
