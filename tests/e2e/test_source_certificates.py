# test_source_certificates.py - sources that want a certificate of us: with the right one they are asked, without one and with a foreign one the rule says why there is no value.
# SPDX-License-Identifier: MIT
import pytest

from support import wait_until
from support.certificates import make
from support.fake_prometheus import FakePrometheus
from support.swift import begin, begun, ended, fake_source, show

QUERY = """source = "prometheus:main";  kind = "gauge";  query = "depth{slot='{{slot}}'}";"""
SHOWN = {"right": ("promoted", ""), "none": ("rolled_back", "alert handshake failure"), "foreign": ("rolled_back", "unknown ca")}


def rule(shown, name):
    return next(one for one in shown["rules"] if one["name"].endswith(name))


@pytest.fixture(name="door")
def _door(world):
    """A server that wants a certificate of `ours`."""
    ours, server = make(world, "ours"), make(world, "server", alternative="IP:127.0.0.1")
    fake = FakePrometheus(certificate=server, client_ca=ours[0])
    yield fake, ours, server
    fake.stop()


def shown_files(world, who, ours):
    if who == "none":
        return None
    return make(world, who, ours if who == "right" else make(world, "theirs"))


def access(server, shown):
    files = f';  certificate = "{shown[0]}";  key = "{shown[1]}"' if shown else ""
    return f'ca = "{server[0]}"{files}'


def begin_asking(world, fake, kind, options):
    """The rule `deep` reads what the source of this kind says."""
    settings, edit = fake_source(world, fake), None
    if kind == "http_json":
        asked = f'source = "http_json:main";  kind = "gauge";  url = "{fake.url}/depth/{{{{slot}}}}";  value = ".data.result[0].value[1]";'
        settings = settings.replace("sources: {", f"sources: {{ http_json: {{ main: {{ {options}; }}; }};", 1)
        edit = lambda text: text.replace(QUERY, asked)  # pylint: disable=unnecessary-lambda-assignment
    else:
        settings = settings.replace('lag = "0s"', f'lag = "0s";  {options}')
    begin(world, broker=False, trigger="deep", at_most="3s", daemon=settings, edit=edit)


@pytest.mark.parametrize("who", list(SHOWN))
@pytest.mark.parametrize("kind", ["prometheus", "http_json"])
def test_a_source_that_wants_our_certificate(world, door, kind, who):
    fake, ours, server = door
    begin_asking(world, fake, kind, access(server, shown_files(world, who, ours)))
    state, words = SHOWN[who]
    name = begun(world, "2.0.0")
    if words:
        wait_until(lambda: rule(show(world, name), "deep").get("reason") == "source-error", 8, "the rule says so")
    end = ended(world, name)
    assert end["state"] == state, end["summary"]
    assert words in end["why"] and "PRIVATE KEY" not in end["why"], end["why"]
    assert bool(fake.asked) == (who == "right"), "nobody else comes in"


def test_a_certificate_with_the_key_of_another(world, door):
    fake, ours, server = door
    right = shown_files(world, "right", ours)
    begin_asking(world, fake, "prometheus", access(server, (right[0], ours[1])))
    name = begun(world, "2.0.0")
    wait_until(lambda: rule(show(world, name), "deep").get("reason") == "source-error", 8, "the rule says so")
    end = ended(world, name)
    assert end["state"] == "rolled_back" and "private key file" in end["why"] and fake.asked == 0, end["why"]
