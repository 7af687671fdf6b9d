# test_console.py - the console in a real browser: a canary watched from 5 % to its way back, and what people do to it there.
# SPDX-License-Identifier: MIT
import getpass
import pathlib
import types

import pytest
import world_config
from selenium.webdriver.common.keys import Keys

from support.browser import browsing
from support.swift import begin, publishing, show

# Beside swift's: steps that end by a person's word alone, values that are kept, and a run that waits for an answer.
MORE = """metrics: { pace: { source = "mqtt:plant";  kind = "gauge";  topic = "t/{{slot}}";  value = ".lag";  unit = "s";  better = "lower";  resolution = "1s"; }; };
triggers: { slow: { when = "pace > 600s";  then = "rollback"; }; };
strategies: { careful: { kind = "canary";
  steps = ( { command = "deploy"; }, { route = "5%";  observe = "1h";  at_most = "2h"; }, { approve = "sre";  timeout = "10m"; },
            { route = "50%";  observe = "1h";  at_most = "2h"; }, { route = "100%"; watch = "1h";  at_most = "2h"; } ); }; };
pipelines: { signed: { service = "shop";  stages: { check: { sign: { await = "10m"; }; }; };  environments = [ "prod" ]; }; };
"""
HOSTILE_PRINTED = "<script>document.title=1</script> deployed"
HOSTILE = "<img src=x onerror=\"document.title='taken'\"> & <b>bold</b>"
SCOPES = "read,deploy,approve,rollback,override"


@pytest.fixture(scope="module", name="desk")
def _desk(shared_world):
    """The daemon, and a browser in front of it; each test leaves nothing under way."""
    world = shared_world
    world.write("rules.d/more.rules", MORE)
    world.start_receiver()
    home = f"http://127.0.0.1:{world.api_port}/"
    begin(world, script=f"echo '{HOSTILE_PRINTED}'", trigger='queue", "slow', observe="1h", at_most="2h", daemon=f'{world_config.verdictd_text(world)}\npublic_url = "{home.rstrip("/")}";\n')
    with publishing(world) as said, browsing(world, "console") as browser:
        yield types.SimpleNamespace(world=world, browser=browser, said=said, home=home)


def log_in(desk, scopes=SCOPES):
    """The token's id."""
    browser = desk.browser
    made = desk.world.verdict("token", "create", getpass.getuser(), "--person", "--scope", scopes)
    assert made.returncode == 0, made.stderr
    browser.scheme("light")
    browser.size(1280, 800)
    browser.driver.get(desk.home)
    browser.run("sessionStorage.clear()")
    browser.driver.refresh()
    browser.fill("#token", "vd_0123456789abcdef_" + "0" * 64)
    browser.click("button[type=submit]", "Log in")
    browser.wait(".problem", "not known, expired or revoked")
    assert browser.run("return sessionStorage.length") == 0
    browser.fill("#token", made.stdout.strip())
    browser.click("button[type=submit]", "Log in")
    browser.wait("#services", "What serves")
    return made.stdout.split("_")[1]


def answer_dialog(browser, reason):
    browser.fill("dialog #reason", reason)
    browser.click("dialog button[type=submit]")
    browser.until(lambda: browser.find("dialog") is None, "the dialog is over")


def act(browser, button, reason=""):
    browser.click(".buttons button", button)
    answer_dialog(browser, reason)


def first_view(browser):
    """Prints what a first view takes; its size is held to, its time is not."""
    browser.driver.execute_cdp_cmd("Network.clearBrowserCache", {})
    browser.driver.refresh()
    browser.until(lambda: browser.run("return performance.getEntriesByName('drawn').length"), "the first view is drawn")
    ms, parts = browser.run("""return [performance.getEntriesByName('drawn')[0].startTime,
        [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].map((entry) => entry.transferSize)]""")
    print(f"first view: {sum(parts) / 1024:.1f} KiB in {len(parts)} answers, drawn after {ms:.0f} ms")
    assert len(parts) > 5 and 0 < sum(parts) <= 150 * 1024, parts


def fits(browser, width):
    return browser.run("return document.documentElement.scrollWidth") <= width


def test_a_canary_from_five_percent_to_its_way_back(desk):
    world, browser = desk.world, desk.browser
    log_in(desk)
    browser.wait(".matrix td", "1.0.0")
    started = world.api("POST", "/v1/deployments", {"service": "shop", "environment": "prod", "version": "2.0.0", "strategy": "careful",
                                                    "reason": HOSTILE, "run_url": "javascript:document.title='taken'"})
    assert started.status == 201, started.text
    browser.wait(".trial", "2.0.0")
    browser.wait(".trial .number", "5 %")
    browser.picture("fleet-light")
    browser.click(".trial h3 a")
    browser.wait("h1 .chip", "running")
    browser.wait(".rules tr", "pass")
    browser.until(lambda: browser.find(".spark"), "values are drawn as they come")

    act(browser, "Hold", HOSTILE)
    browser.wait("h1 .chip", "held")
    browser.wait(".story li", HOSTILE)
    browser.picture("held-light")
    act(browser, "Resume")
    browser.wait("h1 .chip", "running")
    act(browser, "Promote")
    browser.wait("h1 .chip", "waiting")
    browser.scheme("dark")
    browser.picture("waiting-dark")
    act(browser, "Approve", "looks good")
    browser.wait(".now .number", "50 %")

    desk.said[0] = '{"lag": 120}'
    browser.wait("h1 .chip", "rolled back")
    desk.said[0] = '{"lag": 1}'
    assert "rule queue failed" in browser.wait(".lead").text
    assert show(world, started.json["id"])["state"] == "rolled_back"
    browser.wait(".story li", "verdict FAIL: rule queue")
    browser.click("details summary", "Evidence")
    failed = browser.wait("details .rows tr.decided", "queue").text
    assert "120 s" in failed and "60 s" in failed, failed
    browser.picture("rolled-back-dark")
    browser.downloads_to(world.folder)
    page = pathlib.Path(world.path(f"{started.json['id']}-shop-prod.html"))
    browser.click("button", "Evidence as a page")
    browser.until(page.exists, "the page of the evidence is saved")
    assert "rule queue failed" in page.read_text(encoding="utf-8")
    browser.scheme("light")
    browser.size(360, 800)
    assert fits(browser, 360)
    browser.picture("rolled-back-narrow")
    assert browser.run("return document.querySelectorAll('main img, a[href^=javascript]').length") == 0
    assert "rolled back" in browser.driver.title
    browser.click("#nav a", "Fleet")
    browser.wait(".rows tr", "a rule failed")
    assert fits(browser, 360)
    browser.picture("fleet-narrow")
    first_view(browser)
    browser.click("#leave")
    browser.wait("#token")
    assert browser.run("return sessionStorage.length") == 0
    assert browser.complaints() == []


def listeners(world):
    return next(int(line.split()[1]) for line in world.api("GET", "/metrics").text.splitlines() if line.startswith("verdict_api_listeners "))


def test_a_page_listens_while_it_is_shown(desk):
    world, browser = desk.world, desk.browser
    log_in(desk)
    browser.until(lambda: listeners(world) == 1, "it listens to the events")
    made = world.api("POST", "/v1/quarantine", {"service": "shop", "environment": "prod", "version": "7.7.7", "reason": "a test"})
    assert made.status < 300, made.text
    browser.click("#nav a", "Quarantine")
    browser.wait("table tr", "7.7.7")
    browser.click("#nav a", "Fleet")
    browser.wait("#services", "What serves")
    browser.until(lambda: listeners(world) == 1, "one stream for all pages")
    browser.click("#leave")
    browser.until(lambda: listeners(world) == 0, "who is not logged in does not listen")
    assert browser.complaints() == []


def run_answered(desk):
    browser = desk.browser
    made = desk.world.api("POST", "/v1/runs", {"pipeline": "signed", "version": "3.0.0"})
    assert made.status == 201, made.text
    browser.click("#nav a", "Runs")
    browser.wait("table tr", "signed 3.0.0")
    browser.picture("runs")
    browser.click("table a", "signed 3.0.0")
    browser.click("button", "Passed")
    answer_dialog(browser, "two people looked")
    browser.wait("table a", "shop/prod")
    browser.picture("run")


def notice_leads_here(desk):
    browser = desk.browser
    for event, heading in (("run_started", "signed 3.0.0"), ("started", "shop/prod 3.0.0")):
        links = []

        def told(event=event, links=links):
            links[:] = [notice["body"]["data"]["link"] for notice in desk.world.notices()
                        if (notice["body"]["data"]["version"], notice["body"]["data"]["event"]) == ("3.0.0", event)]
            return links
        browser.until(told, f"the notice {event}")
        browser.driver.get(links[0])
        browser.wait("h1", heading)


def graph_drawn(browser):
    browser.click("button[data-metric]", "pace")

    def is_drawn():
        if browser.find(".picture .problem"):  # its file is written a moment later
            browser.click("button[data-metric]", "pace")
        return browser.run("return document.querySelector('.picture img')?.naturalWidth > 100")
    browser.until(is_drawn, "the picture is there")
    browser.scheme("dark")
    browser.picture("graph-dark")
    browser.scheme("light")


def press(browser, selector, *keys):
    """By the keyboard alone."""
    browser.until(lambda: browser.find(selector), selector).send_keys(*keys)


def printed_is_shown(browser):
    browser.click("details summary", "What commands printed")
    browser.wait(".printed pre", HOSTILE_PRINTED)
    browser.picture("printed")


def taken_back_from_the_fleet(desk):
    """A dialog that is left does nothing; the way back needs no mouse."""
    browser = desk.browser
    browser.click("#nav a", "Fleet")
    press(browser, ".trial .buttons button", Keys.ENTER)
    browser.until(lambda: browser.run("return document.activeElement.id") == "reason", "the reason has the focus")
    browser.picture("dialog")
    press(browser, "#reason", "by accident", Keys.ESCAPE)
    browser.until(lambda: browser.find("dialog") is None, "the dialog is over")
    assert desk.world.api("GET", "/v1/deployments/shop/prod").json["state"] == "running"
    press(browser, ".trial .buttons button", Keys.ENTER)
    press(browser, "dialog #reason", "not today", Keys.ENTER)
    browser.wait(".rows tr", "rolled back")


def quarantined_and_cleared(browser):
    browser.click("#nav a", "Quarantine")
    browser.click("button", "Add…")
    for name, text in (("service", "shop"), ("environment", "prod"), ("version", "6.6.6")):
        browser.fill(f"#new-{name}", text)
    answer_dialog(browser, "known to be bad")
    browser.wait("table tr", "6.6.6")
    browser.picture("quarantine")
    browser.click("table tr:last-child button[data-clear]")
    answer_dialog(browser, "it was another one")
    browser.until(lambda: browser.find("table tr", "6.6.6") is None, "it is out of quarantine")


def rules_checked(browser):
    browser.click("#nav a", "Rules")
    browser.fill("#rules", 'triggers: {\n  odd: { when = "lga > 5s";  then = "rollback"; };\n};\n')
    browser.click("button[type=submit]", "Check")
    browser.wait(".findings li", "line 2")
    browser.picture("rules")
    browser.click(".findings button")
    assert "odd" in browser.run("const text = document.getElementById('rules'); return text.value.slice(text.selectionStart, text.selectionEnd)")


def audited(browser):
    """Who did it and why, a page at a time, and the chain of the rows is looked at."""
    browser.click("#nav a", "Audit")
    browser.wait("[role=status]", "follows from the one before it")
    browser.wait("table tr", "a quiet evening")
    browser.wait("table tr", "known to be bad")
    browser.picture("audit")
    shown = len(browser.driver.find_elements("css selector", "table tbody tr"))
    assert shown == 25, "as many as a page has"
    browser.click("[data-do=older]")
    browser.until(lambda: len(browser.driver.find_elements("css selector", "table tbody tr")) > shown, "older ones come behind them")
    browser.wait("[role=status]", "follows from the one before it")


def frozen_and_lifted(browser):
    browser.click("#nav a", "Fleet")
    browser.click("button[data-freeze]")
    browser.fill("#until", "never")
    browser.fill("dialog #reason", "a quiet evening")
    browser.click("dialog button[type=submit]")
    browser.wait("dialog .problem", "until")
    browser.fill("#until", "2h")
    browser.click("dialog button[type=submit]")
    browser.wait(".stop", "the whole fleet is frozen")
    browser.picture("frozen")
    browser.click(".stop button")
    answer_dialog(browser, "")
    browser.until(lambda: browser.find(".stop") is None, "the freeze is lifted")


def test_the_other_pages(desk):
    browser = desk.browser
    token = log_in(desk)
    run_answered(desk)
    notice_leads_here(desk)
    graph_drawn(browser)
    printed_is_shown(browser)
    taken_back_from_the_fleet(desk)
    quarantined_and_cleared(browser)
    rules_checked(browser)
    frozen_and_lifted(browser)
    audited(browser)
    desk.world.programs["verdictd"].kill()
    browser.wait("#link", "the daemon does not answer; trying again")
    desk.world.programs["verdictd"].start()
    browser.until(lambda: browser.find("#link", "again") is None, "the daemon answers again")
    browser.driver.get(f"{desk.home}#/deployments/dep_99")
    browser.wait(".problem", "no such deployment")
    browser.click("#nav a", "Fleet")
    assert desk.world.verdict("token", "revoke", token).returncode == 0
    browser.wait("form .problem", "not known, expired or revoked")
    assert browser.complaints() == []


def test_who_may_only_read_gets_no_buttons(desk):
    browser = desk.browser
    log_in(desk, "read")
    started = desk.world.api("POST", "/v1/deployments", {"service": "shop", "environment": "prod", "version": "4.0.0", "strategy": "careful"})
    assert started.status == 201, started.text
    browser.until(lambda: browser.wait(".trial button", "Roll back").get_attribute("title") == "this token lacks the scope rollback", "the button says why it is none")
    assert not browser.wait(".trial button", "Roll back").is_enabled()
    assert desk.world.api("POST", f"/v1/deployments/{started.json['id']}/rollback", {}).status == 200
    browser.wait(".rows tr", "4.0.0 was")
    assert browser.complaints() == []
