# test_cli_refusals.py - every verb of verdict with wrong words, for what is not there, and without a daemon: the status, one sentence, nothing changed.
# SPDX-License-Identifier: MIT
import contextlib
import re
import sqlite3
import subprocess

import pytest

import world_config
from support.contract import TOO_LONG

RULES = """
strategies: { quiet: { kind = "follow";  steps = ( { watch = "1h";  at_most = "2h"; } ); }; };
services: { shop: { environments: { prod: { strategy = "quiet"; }; }; }; };
"""
# What each verb takes, about something that there is not. None: it needs no daemon.
ASKS = {
    "start": ["nobody/prod", "--version", "1.0.0"], "run": ["nothing", "--version", "1.0.0"], "iac": ["plan", "nothing", "prod"], "runs": [], "wait": ["dep_999"],
    "get": ["dep_999"], "logs": ["dep_999"], "ls": [], "status": [], "promote": ["dep_999"], "hold": ["dep_999"], "resume": ["dep_999"], "abort": ["dep_999"],
    "retry": ["dep_999", "--reason", "r"], "rollback": ["dep_999"], "mute": ["dep_999", "rule"], "approve": ["dep_999"], "reject": ["dep_999"],
    "adopt": ["nobody/prod", "--version", "1.0.0", "--reason", "r"], "freeze": ["nobody/prod", "--reason", "r"], "unfreeze": ["nobody/prod"],
    "quarantine": ["clear", "nobody/prod", "--version", "1.0.0"], "mark": ["dep_999", "--weight", "10%"], "judge": ["dep_999"], "report": ["dep_999"], "explain": ["dep_999"],
    "graph": ["dep_999", "lag", "-o", "out.svg"], "rehearse": ["nobody/prod"], "notify": ["test", "slack:nobody"], "token": ["revoke", "0123456789abcdef"], "audit": [],
    "test": None, "backtest": None, "check": None, "compare": None, "completion": None, "man": None}
LIMITS = {"wait": ["--timeout", "1s"], "judge": ["--for", "1s"]}  # these try again until then
ANSWERED = {"runs", "ls", "status", "audit"}  # by an empty list, or by what there is
WORDLESS = {"unfreeze", "quarantine"}  # the fleet, and the list of it


@pytest.fixture(scope="module", name="desk")
def _desk(shared_world):
    """The daemon and what its journal says has changed so far."""
    world = shared_world
    world.start_daemon(text=world_config.verdictd_text(world), rules={"shop.rules": RULES})
    return world


def verbs(world):
    shown = world.verdict("--help").stdout
    return re.findall(r"^  ([a-z]+)\b", shown, re.M)


def changes(world):
    with contextlib.closing(sqlite3.connect(f"file:{world.path('data', 'journal.db')}?mode=ro", uri=True)) as journal:
        return [journal.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("audit", "deployments", "runs", "tokens", "outbox")]


def is_a_sentence(text):
    """Said once, to people: no trace of a crash, no bare number."""
    lines = [line for line in text.splitlines() if line.strip()]
    return 0 < len(lines) <= 12 and any(re.search(r"[a-z]{2,} [a-z]{2,}", line) for line in lines)


def refused(ran, status, what):
    assert ran.returncode == status, (what, ran)
    assert is_a_sentence(ran.stderr) and not ran.stdout, (what, ran)


def test_every_verb_is_looked_at(desk):
    assert sorted(verbs(desk)) == sorted(ASKS)


@pytest.mark.parametrize("verb", ASKS)
def test_wrong_words(desk, verb):
    before = changes(desk)
    good = ASKS[verb] or ["x"]
    refused(desk.verdict(verb, *good, "--no-such-option"), 2, "an option that there is not")
    refused(desk.verdict(verb, *good, *["more"] * 80), 2, "too many words")
    if ASKS[verb]:
        if verb not in WORDLESS:
            refused(desk.verdict(verb), 2, "too few words")
        refused(desk.verdict(verb, TOO_LONG, *good[1:]), 2, "a word that is too long")
        refused(desk.verdict(verb, "a\nb", *good[1:]), 2, "a word of two lines")
    assert changes(desk) == before


@pytest.mark.parametrize("verb", [verb for verb, words in ASKS.items() if words is not None])
def test_what_is_not_there(desk, verb):
    before = changes(desk)
    ran = desk.verdict(verb, *ASKS[verb])
    if verb in ANSWERED:
        assert ran.returncode == 0 and not ran.stderr, ran
    else:
        refused(ran, 2, "there is none")
    assert changes(desk) == before


@pytest.mark.parametrize("verb", [verb for verb, words in ASKS.items() if words is not None])
def test_without_a_daemon(desk, verb):
    path = desk.path("nobody.sock")
    environment = {**desk.verdict_environment(), "VERDICT_URL": f"unix:{path}"}
    words = [*ASKS[verb], *LIMITS.get(verb, [])]
    ran = subprocess.run([desk.program("verdict"), verb, *words], env=environment, text=True, capture_output=True, timeout=60, check=False)
    refused(ran, 1, "nobody listens")
    assert path in ran.stderr, ran.stderr


@pytest.mark.parametrize("verb", [verb for verb, words in ASKS.items() if words is None])
def test_files_that_are_not_there(desk, verb):
    ran = desk.verdict(verb, desk.path("no-such-file"))
    assert ran.returncode in (1, 2) and is_a_sentence(ran.stderr + ran.stdout), ran
