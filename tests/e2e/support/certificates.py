# certificates.py - certificates of a moment, by openssl: who signs itself and others, and who is signed.
# SPDX-License-Identifier: MIT
import os
import subprocess

from world import find


def openssl(*arguments):
    subprocess.run([find("openssl"), *map(str, arguments)], check=True, capture_output=True, timeout=60)


def make(world, name, issuer=None, usage="clientAuth", alternative="DNS:localhost"):
    """A certificate of `issuer`, or one that signs itself and others; the paths of its certificate and key."""
    key, certificate, wish = world.path(f"{name}.key"), world.path(f"{name}.crt"), world.path(f"{name}.csr")
    key_options = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-subj", f"/CN={name}")
    if issuer is None:
        openssl("req", "-x509", *key_options, "-out", certificate, "-days", "2", "-addext", f"subjectAltName={alternative}")
    else:
        openssl("req", *key_options, "-out", wish)
        more = world.write(f"{name}.ext", f"basicConstraints=CA:FALSE\nextendedKeyUsage={usage}\n")
        openssl("x509", "-req", "-in", wish, "-CA", issuer[0], "-CAkey", issuer[1], "-CAcreateserial", "-days", "2", "-extfile", more, "-out", certificate)
    os.chmod(key, 0o600)
    return certificate, key
