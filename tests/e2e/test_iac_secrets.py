# test_iac_secrets.py - secrets of a stack reach the tool and its provisioners, and nobody who reads what those print.
# SPDX-License-Identifier: MIT
import os

from support.terraform import CODE, needs_terraform
from test_iac import Stack
from world import find

pytestmark = needs_terraform

# Both are printed in every form that a tool may give them, and kept, so that it is known that they arrived.
PRINTS = r"""
resource "terraform_data" "printed" {
  provisioner "local-exec" {
    command = <<-EOT
      for name in PROVIDER_TOKEN OWN_TOKEN; do
        printenv $name
        echo; printenv $name | tr -d '\n' | od -An -v -tx1 | tr -d ' \n'
        echo; printenv $name | tr -d '\n' | base64 -w0
        echo; printenv $name | sed 's/[\\"]/\\&/g;s/.*/{"token":"&"}/'
      done
      env >> ARRIVED
    EOT
  }
}
"""
OF_STACK, OF_RUNNER = 'canary-"stack\\71c2-4f', "canary-runner-99ab-08"


class SecretStack(Stack):
    def runner_text(self, text):
        own = self.world.write("own-token", OF_RUNNER, 0o600)
        return text.replace("IAC_WORK=", f"IAC_SECRET_OWN_TOKEN=file:{own}\", \"IAC_WORK=") + 'secrets = [ "PROVIDER_TOKEN" ];\n'


def test_nobody_sees_what_a_stack_is_given(world):
    token = world.write("provider-token", OF_STACK, 0o600)
    arrived = world.path("arrived")
    code = CODE + PRINTS.replace("ARRIVED", arrived)
    stack = SecretStack(world, code=code, approval="", more=f'secrets = {{ PROVIDER_TOKEN = "file:{token}"; }};')
    run = stack.begin("apply")
    end = stack.ended(run)
    assert end["state"] == "released", (end["summary"], world.verdict("logs", run).stdout)
    with open(arrived, encoding="utf-8") as file:
        text = file.read()
    assert f"PROVIDER_TOKEN={OF_STACK}\n" in text and f"OWN_TOKEN={OF_RUNNER}\n" in text
    told = world.verdict("logs", run).stdout
    assert "(local-exec): ***" in told and '{"token":"***"}' in told, told
    seen = {"logs": told.encode(), "run": world.api("GET", f"/v1/runs/{run}").text.encode(), "audit": world.api("GET", "/v1/audit").text.encode()}
    for folder, _folders, files in os.walk(world.path("data")):
        seen.update({name: read(os.path.join(folder, name)) for name in files})
    for program in ("verdictd", "verdict-runner"):
        seen[program] = world.programs[program].log_text().encode()
    for secret in (OF_STACK, OF_RUNNER):
        forms = [secret.encode(), secret.encode().hex().encode(), secret.replace("\\", "\\\\").replace('"', '\\"').encode(), secret[7:].encode()]
        assert not [(where, form) for where, content in seen.items() for form in forms if form in content]


def read(path):
    with open(path, "rb") as file:
        return file.read()


def test_a_name_that_is_none(world):
    world.write("code/main.tf", CODE)
    rules = world.write("bad/bad.rules", f"""stacks: {{ network: {{ tool = "terraform";  directory = "{world.path('code')}";
  secrets = {{ provider_token = "file:/etc/key"; }};  environments: {{ prod: {{ }}; }}; }}; }};\n""")
    answer = world.verdict("check", os.path.dirname(rules))
    assert answer.returncode != 0 and "secrets: 'provider_token' is no name of a variable" in answer.stdout + answer.stderr
    assert find("terraform")
