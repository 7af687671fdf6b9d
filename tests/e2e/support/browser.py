# browser.py - Chromium without a window, on loopback alone, for what only a browser can show.
# SPDX-License-Identifier: MIT
import contextlib
import os
import tempfile
import time

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.service import Service

from world import find

FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--disable-extensions", "--disable-dev-shm-usage", "--hide-scrollbars", "--force-prefers-reduced-motion", "--force-color-profile=srgb",
         "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
WAIT_S = 20
FIND = """return [...document.querySelectorAll(arguments[0])].find((one) =>
    one.getClientRects().length > 0 && (arguments[1] === null || one.innerText.includes(arguments[1]))) || null"""


class Browser:
    """One tab. What is waited for may be drawn anew meanwhile: elements are looked for each time."""

    def __init__(self, driver, pictures):
        self.driver, self.pictures = driver, pictures

    def find(self, selector, words=None):
        """The first element that fits, and that shows `words`; None."""
        return self.run(FIND, selector, words)

    def wait(self, selector, words=None, seconds=WAIT_S):
        return self.until(lambda: self.find(selector, words), f"{selector} shows {words!r}", seconds)

    def until(self, condition, what, seconds=WAIT_S):
        end = time.monotonic() + seconds
        while True:
            with contextlib.suppress(StaleElementReferenceException):
                found = condition()
                if found:
                    return found
            if time.monotonic() > end:
                raise TimeoutError(f"not within {seconds} s: {what}\n{self.text()}")
            time.sleep(0.1)

    def click(self, selector, words=None):
        def press():
            found = self.find(selector, words)
            if found:
                found.click()
            return found
        self.until(press, f"{selector} {words!r} can be clicked")

    def fill(self, selector, text):
        field = self.wait(selector)
        field.clear()
        field.send_keys(text)

    def text(self):
        return self.driver.execute_script("return document.body.innerText")

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def size(self, width, height):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})

    def scheme(self, name):
        """What the system prefers: light or dark."""
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": name}]})

    def picture(self, name):
        """The whole page as a PNG among the test's pictures."""
        os.makedirs(self.pictures, exist_ok=True)
        width, height, whole = self.run("return [innerWidth, innerHeight, document.documentElement.scrollHeight]")
        self.size(width, max(whole, height))
        self.driver.save_screenshot(os.path.join(self.pictures, f"{name}.png"))
        self.size(width, height)

    def downloads_to(self, folder):
        self.driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": folder})

    def complaints(self):
        """What the page logged as an error, those of answers that the test provoked apart."""
        return [row["message"] for row in self.driver.get_log("browser") if row["level"] == "SEVERE" and row["source"] != "network"]


@contextlib.contextmanager
def browsing(world, name):
    """A browser with a profile of its own; its pictures are kept in BUILD_DIR/e2e-pictures/NAME."""
    options = webdriver.ChromeOptions()
    options.binary_location = find("chromium")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with tempfile.TemporaryDirectory(prefix="browser-", dir=world.folder, ignore_cleanup_errors=True) as profile:
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        service = Service(find("chromedriver"), log_path=os.path.join(world.logs, "chromedriver.log"), service_args=["--log-level=WARNING"])
        driver = webdriver.Chrome(service=service, options=options)
        try:
            yield Browser(driver, os.path.join(world.build, "e2e-pictures", name))
        finally:
            driver.quit()
