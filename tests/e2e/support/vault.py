# vault.py - the stand-in for Vault (tests/support/vault_peer.py) inside of a test, and the settings that lead to it.
# SPDX-License-Identifier: MIT
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))

from vault_peer import ROLE_ID, SECRET_ID, Vault  # noqa: E402

__all__ = ["ROLE_ID", "SECRET_ID", "Vault", "settings"]


def settings(vault, secret_id, cache="1s", more=""):
    """The group of verdictd.conf; `secret_id` is a reference."""
    return f'vault: {{ url = "{vault.url}";  role_id = "{ROLE_ID}";  secret_id = "{secret_id}";  cache = "{cache}";  timeout = "2s"; {more} }};\n'
