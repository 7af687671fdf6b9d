# test_files.py - what an environment needs, told to its commands; and configuration files that come and go with a version.
# SPDX-License-Identifier: MIT
import os
import pathlib
import signal
import stat

import world_config
from support import swift, wait_until
from support.swift import begun, ended, publishing, show

SECRET = "hush-hush-a-canary"
TEMPLATE = 'version={{version:string}}\nport={{port:port}}\npassword={{db_password:secret}}\n'

PREPARE = """prepare: { replicas = 3;  resources: { cpu = 0.5;  memory = "512MiB"; };
      health: { path = "/healthz";  port = 8080;  every = "5s";  failures = 3; }; };
"""

FILES = """files: { program = "PROGRAM";
      app: { to = "ETC/{{slot}}.conf";  template = "app.conf.in";  kind = "ini";  mode = "0640";  OVERWRITE
             values: { version = "{{version}}";  port = 8080; };  secrets = { db_password = "file:SECRETS"; };  check = [ "CHECK", "%s" ]; };
      more: { to = "ETC/{{slot}}.json";  template = "more.json.in";  kind = "json";  values: { names = [ "a", "b\\"c" ]; }; }; };
"""

LOG = "#!/bin/sh\necho \"$VERDICT_COMMAND $VERDICT_VERSION $VERDICT_HOST\" >> {log}\n"


class Configured:
    """A swift world whose places have files, and what its commands wrote down."""

    def __init__(self, world, check="exit 0", overwrite="", places=("blue", "green"), environment=FILES):
        self.world, self.program = world, world.program("verdict-configure")
        self.etc, self.log = world.path("etc"), world.path("commands", "log")
        os.makedirs(self.etc, 0o700)
        world.write("rules.d/app.conf.in", TEMPLATE)
        world.write("rules.d/more.json.in", '{ "names": {{names:list}} }\n')
        self.secret = world.write("password", SECRET + "\n")
        self.check = world.write("commands/check", LOG.format(log=self.log).replace("$VERDICT_COMMAND", "check") + check + "\n", 0o700)
        self.command = world.write("commands/noting", LOG.format(log=self.log) + f'env > {world.path("commands")}/env-"$VERDICT_COMMAND" ; cat {self.etc}/* >> {self.log} 2>&1\nexit 0\n', 0o700)
        self.text = environment
        for name, value in (("PROGRAM", self.program), ("ETC", self.etc), ("SECRETS", self.secret), ("CHECK", self.check), ("OVERWRITE", overwrite)):
            self.text = self.text.replace(name, str(value))
        self.places = places

    def runner_text(self):
        """What the runner allows: for each place these files, from these templates."""
        folder, allowed = self.world.path("rules.d"), ""
        for place in self.places:
            app, more = f'"{self.etc}/{place}.conf"', f'"{self.etc}/{place}.json"'
            for overwrite in ("", '"overwrite", '):
                allowed += (f'[ "{self.program}", "apply", {app}, "{folder}/app.conf.in", "*", "kind=ini", "mode=0640", {overwrite}"check", "{self.check}", "%s", '
                            f'"--", {more}, "{folder}/more.json.in", "*", "kind=json" ], ')
            allowed += f'[ "{self.program}", "restore", {app}, {more} ], '
        text = world_config.runner_text(self.world).replace("allow = (", f'allow = ( {allowed}[ "{self.command}" ], ')
        return text.replace("environment = [", f'secrets = [ "DB_PASSWORD" ];\nenvironment = [ "CONFIGURE_KEEP={self.world.path("kept")}",')

    def begin(self, **options):
        prepare = f'prepare: {{ exec = [ "{self.command}" ];  undo: {{ exec = [ "{self.command}" ]; }}; }};  retire: {{'
        edit = lambda rules: rules.replace("retire: {", prepare).replace(self.world.path("commands", "quick"), self.command)
        started = self.world.start_runner
        self.world.start_runner = lambda _text: started(self.runner_text())
        swift.begin(self.world, edit=edit, more=PREPARE + self.text, **options)

    def said(self):
        if not os.path.exists(self.log):
            return []
        with open(self.log, encoding="utf-8") as file:
            return file.read().splitlines()

    def ran(self):
        names = ("prepare", "check", "deploy", "configure", "undeploy")
        return [line.split()[0] for line in self.said() if line.split()[:1] and line.split()[0].split("/")[0] in names]

    def seen(self, name):
        path = os.path.join(self.etc, name)
        if not os.path.exists(path):
            return None
        with open(path, encoding="utf-8") as file:
            return file.read(), stat.S_IMODE(os.stat(path).st_mode)

    def put(self, name, text, mode):
        path = os.path.join(self.etc, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)


def rendered(version):
    return f"version={version}\nport=8080\npassword={SECRET}\n", 0o640


MORE = ('{ "names": ["a", "b\\"c"] }\n', 0o644)


def test_good_version_keeps_its_files(world):
    configured = Configured(world)
    configured.begin()
    with publishing(world):
        end = ended(world, begun(world, "2.0.0"))
    assert (end["state"], end["exit_code"]) == ("promoted", 0), end["summary"]
    assert configured.seen("green.conf") == rendered("2.0.0") and configured.seen("green.json") == MORE
    assert configured.ran()[:3] == ["prepare", "check", "deploy"], configured.said()
    assert "password=" + SECRET in configured.said(), "the deploy command found its file"
    for command in ("prepare", "deploy"):
        with open(world.path("commands", f"env-{command}"), encoding="utf-8") as file:
            told = dict(line.rstrip("\n").split("=", 1) for line in file if line.startswith("VERDICT_"))
        wanted = {"REPLICAS": "3", "CPU_MILLICORES": "500", "MEMORY_BYTES": "536870912", "HEALTH_PATH": "/healthz", "HEALTH_PORT": "8080", "HEALTH_EVERY_MS": "5000",
                  "HEALTH_FAILURES": "3", "COMMAND": command}
        assert {name: told.get(f"VERDICT_{name}") for name in wanted} == wanted, told
    assert [step["text"] for step in end["steps"]][:2] == ["command prepare", "command configure"], end["steps"]
    held = [str(path) for folder in ("data", "logs", "runner") for path in pathlib.Path(world.path(folder)).rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    assert held == [], held
    kept = [path for path in pathlib.Path(world.path("kept")).rglob("*")]
    assert kept and all(stat.S_IMODE(path.stat().st_mode) in (0o600, 0o700) for path in kept)


def test_bad_version_gives_them_back(world):
    """Bytes and mode of the one, and that the other was not there."""
    configured = Configured(world)
    configured.put("green.conf", "of a person\n", 0o604)
    configured.begin()
    with publishing(world) as said:
        name = begun(world, "2.0.0")
        wait_until(lambda: (configured.seen("green.conf"), configured.seen("green.json")) == (rendered("2.0.0"), MORE), 10, "the files are there")
        said[0] = '{"lag": 300}'
        end = ended(world, name)
    assert (end["state"], end["exit_code"]) == ("rolled_back", 3), end["summary"]
    assert configured.seen("green.conf") == ("of a person\n", 0o604)
    assert configured.seen("green.json") is None
    assert "prepare/undo" in configured.ran(), configured.said()
    with publishing(world):
        assert ended(world, begun(world, "2.0.1"))["state"] == "promoted"
    assert configured.seen("green.conf") == rendered("2.0.1")


def test_a_file_that_is_refused_reaches_nobody(world):
    configured = Configured(world, check='grep -q version=2 "$1" && exit 0; exit 4')
    configured.begin()
    end = ended(world, begun(world, "3.0.0"))
    assert (end["state"], end["ending"]) == ("rolled_back", "action_failed"), end["summary"]
    assert f"check by {configured.check}: it ended with status 4" in end["why"], end["why"]
    assert os.listdir(configured.etc) == [] and "deploy" not in configured.ran()


def test_changed_by_hand(world):
    configured = Configured(world)
    configured.begin()
    with publishing(world):
        assert ended(world, begun(world, "2.0.0"))["state"] == "promoted"
        assert ended(world, begun(world, "2.1.0"))["state"] == "promoted"
        configured.put("green.conf", "by hand\n", 0o600)
        end = ended(world, begun(world, "2.2.0"))
    assert (end["state"], end["ending"]) == ("rolled_back", "action_failed"), end["summary"]
    assert "somebody changed it since it was written here" in end["why"], end["why"]
    assert configured.seen("green.conf") == ("by hand\n", 0o600)


def test_overwritten_where_the_rules_say_so(world):
    configured = Configured(world, overwrite="overwrite = true;")
    configured.begin()
    with publishing(world):
        assert ended(world, begun(world, "2.0.0"))["state"] == "promoted"
        assert ended(world, begun(world, "2.1.0"))["state"] == "promoted"
        configured.put("green.conf", "by hand\n", 0o600)
        assert ended(world, begun(world, "2.2.0"))["state"] == "promoted"
    assert configured.seen("green.conf") == rendered("2.2.0")


def test_killed_in_the_middle(world):
    """Daemon and runner, while the files are being checked: nothing runs twice, and they are written."""
    configured = Configured(world, check=f'echo x > {world.path("commands", "checking")}; while [ -e {world.path("commands", "wait")} ]; do sleep 0.1; done')
    world.write("commands/wait", "")
    configured.begin()
    with publishing(world):
        name = begun(world, "2.0.0")
        wait_until(lambda: os.path.exists(world.path("commands", "checking")), 10, "they are being checked")
        assert configured.seen("green.conf") is None
        world.programs["verdictd"].kill()
        world.programs["verdict-runner"].kill()
        world.programs["verdict-runner"].start()
        world.programs["verdictd"].start()
        os.unlink(world.path("commands", "wait"))
        end = ended(world, name, 30)
    assert end["state"] == "promoted", end["summary"]
    assert configured.seen("green.conf") == rendered("2.0.0") and configured.ran().count("check") == 1, configured.said()


def test_another_template_needs_a_reload(world):
    """What rule files and templates said when they were read is what is deployed."""
    configured = Configured(world)
    configured.begin()
    world.write("rules.d/app.conf.in", TEMPLATE + "new=1\n")
    end = ended(world, begun(world, "2.0.0"))
    assert end["state"] == "rolled_back" and "the template changed since the rule files were" in end["why"], end["why"]
    world.programs["verdictd"].signal(signal.SIGHUP)
    wait_until(lambda: world.programs["verdictd"].log_text().count("rules read from") == 2, 10, "they are read again")
    with publishing(world):
        assert ended(world, begun(world, "2.0.1"))["state"] == "promoted"
    assert configured.seen("green.conf")[0].endswith("new=1\n")
    world.write("rules.d/app.conf.in", "port={{port:prot}}\n")
    world.programs["verdictd"].signal(signal.SIGHUP)
    wait_until(lambda: "no type is called 'prot'" in world.programs["verdictd"].log_text(), 10, "the finding is told")
    assert "app.conf.in:1: column 6: no type is called 'prot'; did you mean 'port'?" in world.programs["verdictd"].log_text()


IN_PLACE = """
strategies: { in-place: { kind = "recreate";  steps = ( { command = "deploy"; }, { smoke = "basic"; }, { watch = "300ms";  at_most = "20s"; } ); }; };
smoke_tests: { basic: { base_url = "http://{{address}}";  settle = "10ms";  timeout = "1s";  attempts = 2;  every = "100ms";
  checks: { version: { get = "/version";  expect = "json('.version') == '2.0.0'"; }; }; }; };
services: { shop: { rules: { smoke_tests = [ CHECKED ]; };  environments: { prod: { strategy = "in-place";
    slots: { blue: { address = "127.0.0.1:PORT"; }; };
    commands: { deploy: { exec = [ "COMMAND" ];  repeat = "idempotent";  undo: { exec = [ "COMMAND" ]; }; }; };
    MORE }; }; }; };
"""


def begin_in_place(world, checked):
    configured = Configured(world, places=("blue",))
    assert world.deploy("blue", "1.0.0").returncode == 0
    world.start_runner(configured.runner_text())
    rules = IN_PLACE
    if not checked:
        rules = rules.replace('{ smoke = "basic"; }, ', "")
    for name, value in (("CHECKED", checked), ("PORT", world.slots["blue"]), ("COMMAND", configured.command), ("MORE", configured.text)):
        rules = rules.replace(name, str(value))
    world.start_daemon(rules={"shop.rules": rules})
    adopted = world.api("POST", "/v1/services/shop/prod/adopt", {"slot": "blue", "version": "1.0.0", "reason": "first"})
    assert adopted.status == 200, adopted.text
    configured.put("blue.conf", "of 1.0.0\n", 0o600)
    return configured


def test_in_place_the_files_are_back_first(world):
    """The command that puts the old version back finds what that was started with."""
    configured = begin_in_place(world, '"basic"')
    end = ended(world, begun(world, "2.0.0"), 30)
    assert end["ending"] == "failed", end["summary"]
    assert configured.seen("blue.conf") == ("of 1.0.0\n", 0o600)
    said = configured.said()
    undone = next(number for number, line in enumerate(said) if line.startswith("deploy/undo"))
    assert said[undone + 1] == "of 1.0.0", said


def test_a_promoted_one_taken_back(world):
    """A deployment of its own, which finds what was there before the promoted one."""
    configured = begin_in_place(world, "")
    end = ended(world, begun(world, "2.0.0"))
    assert end["state"] == "promoted" and configured.seen("blue.conf") == rendered("2.0.0"), end["summary"]
    back = world.verdict("rollback", end["id"], "--reason", "it is ugly")
    assert back.returncode == 0, back.stderr
    wait_until(lambda: show(world, "shop/prod")["done"] and show(world, "shop/prod")["id"] != end["id"], 15, "it is back")
    assert configured.seen("blue.conf") == ("of 1.0.0\n", 0o600) and configured.seen("blue.json") is None


HOSTS = ("m1", "m2", "m3")

ROLLING = """
metrics: { lag: { source = "mqtt:plant";  kind = "gauge";  topic = "t/{{version}}";  value = ".lag";  unit = "s";  better = "lower";  resolution = "100ms";  max_age = "1s"; }; };
triggers: { queue: { when = "lag > 60s";  then = "rollback"; }; };
strategies: { gentle: { kind = "rolling";  rollback_limit = "30s";
  steps = ( { replace = 1;  observe = "500ms";  at_most = "20s"; }, { replace = "100%";  batch = 2;  watch = "500ms";  at_most = "20s"; } ); }; };
services: { shop: { rules: { triggers = [ "queue" ]; };  environments: { prod: { strategy = "gentle";  hosts = [ "m1", "m2", "m3" ];
    commands: { deploy: { exec = [ "COMMAND" ];  repeat = "idempotent"; }; };
    MORE }; }; }; };
"""


def test_on_every_host_of_a_batch(world):
    configured = Configured(world, places=HOSTS, environment=FILES.replace("{{slot}}", "{{host}}"))
    configured.put("m2.conf", "of 1.0.0\n", 0o600)
    world.start_broker()
    world.start_runner(configured.runner_text())
    world.start_daemon(rules={"shop.rules": ROLLING.replace("COMMAND", configured.command).replace("MORE", configured.text)})
    adopted = world.api("POST", "/v1/services/shop/prod/adopt", {"version": "1.0.0", "reason": "first"})
    assert adopted.status == 200, adopted.text
    with publishing(world, slots=("2.0.0",)) as said:
        name = begun(world, "2.0.0")
        wait_until(lambda: [configured.seen(f"{host}.conf") for host in HOSTS] == [rendered("2.0.0")] * 3, 20, "every host has its file")
        said[0] = '{"lag": 300}'
        end = ended(world, name, 30)
    assert end["state"] == "rolled_back", end["summary"]
    assert configured.seen("m2.conf") == ("of 1.0.0\n", 0o600)
    assert [configured.seen(f"{host}.conf") for host in ("m1", "m3")] == [None, None]
    with publishing(world, slots=("2.1.0",)):
        end = ended(world, begun(world, "2.1.0"), 30)
    assert end["state"] == "promoted", end["summary"]
    assert [configured.seen(f"{host}.conf") for host in HOSTS] == [rendered("2.1.0")] * 3


VIA = """#!/bin/sh
host=$1
shift
CONFIGURE_KEEP={kept}/$host exec $(echo "$*" | sed "s#/there/#{there}/$host/#g")
"""


def test_on_hosts_that_are_elsewhere(world):
    """What leads there is a program like ssh, which is given words and the environment; each host keeps what was there itself."""
    files = FILES.replace('PROGRAM";', 'PROGRAM";  via = [ "VIA", "{{host}}" ];').replace("ETC/{{slot}}", "/there/shop")
    configured = Configured(world, environment=files)
    there = world.path("there")
    via = world.write("commands/via", VIA.format(kept=world.path("kept"), there=there), 0o700)
    for host in HOSTS:
        os.makedirs(os.path.join(there, host), 0o700)
        os.makedirs(world.path("kept", host), 0o700)
    world.start_broker()
    world.start_runner(configured.runner_text().replace("allow = (", f'allow = ( [ "{via}", "*", "{configured.program}", "restore", "/there/shop.conf", "/there/shop.json" ], '
                       f'[ "{via}", "*", "{configured.program}", "apply", "/there/shop.conf", "{world.path("rules.d")}/app.conf.in", "*", "kind=ini", "mode=0640", "check", '
                       f'"{configured.check}", "%s", "--", "/there/shop.json", "{world.path("rules.d")}/more.json.in", "*", "kind=json" ], '))
    rules = ROLLING.replace("COMMAND", configured.command).replace("MORE", configured.text).replace("VIA", via)
    world.start_daemon(rules={"shop.rules": rules})
    assert world.api("POST", "/v1/services/shop/prod/adopt", {"version": "1.0.0", "reason": "first"}).status == 200

    def seen():
        configured.etc = there
        return [configured.seen(f"{host}/shop.conf") for host in HOSTS]

    with publishing(world, slots=("2.0.0",)) as said:
        name = begun(world, "2.0.0")
        wait_until(lambda: seen() == [rendered("2.0.0")] * 3, 20, "every host has its file")
        said[0] = '{"lag": 300}'
        end = ended(world, name, 30)
    assert end["state"] == "rolled_back" and seen() == [None] * 3, end["summary"]
