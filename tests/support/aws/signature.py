# signature.py - Signature Version 4 as a service checks it, from what arrived and the keys that it knows.
# SPDX-License-Identifier: MIT
import calendar
import hashlib
import hmac
import re
import time
import urllib.parse

SKEW_S = 300
AUTHORIZATION = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, ?"
                           r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})")


class Refused(Exception):
    """What the service answers: a code and a sentence."""

    def __init__(self, code, message):
        super().__init__(code)
        self.code, self.message = code, message


def _hmac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def sign(secret, date, scope, canonical):
    """The signature of a canonical request; `scope` is DATE/REGION/SERVICE/aws4_request."""
    key = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        key = _hmac(key, part)
    text = "\n".join(["AWS4-HMAC-SHA256", date, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    return _hmac(key, text).hex()


def canonical_request(method, target, headers, signed, body):
    path, _, query = target.partition("?")
    pairs = sorted(urllib.parse.parse_qsl(query, keep_blank_values=True))
    query = "&".join(f"{urllib.parse.quote(name, safe='-_.~')}={urllib.parse.quote(value, safe='-_.~')}" for name, value in pairs)
    lines = "".join(f"{name}:{' '.join(headers[name].split())}\n" for name in signed)
    return "\n".join([method, urllib.parse.quote(path, safe="/-_.~%"), query, lines, ";".join(signed), hashlib.sha256(body).hexdigest()])


# The first case that Amazon publishes for its own signers.
VANILLA = canonical_request("GET", "/", {"host": "example.amazonaws.com", "x-amz-date": "20150830T123600Z"}, ["host", "x-amz-date"], b"")
assert sign("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830T123600Z", "20150830/us-east-1/service/aws4_request", VANILLA) == \
    "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"


def check(request, body, keys, region, service):
    """`request`: a BaseHTTPRequestHandler; `keys`: id -> {"secret", "token", "expires_s"}."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    found = AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if found is None:
        raise Refused("MissingAuthenticationToken", "Request is missing Authentication Token")
    key_id, day, in_region, for_service, names, signature = found.groups()
    signed = names.split(";")
    date = headers.get("x-amz-date", "")
    if (in_region, for_service) != (region, service) or not date.startswith(day + "T"):
        raise Refused("InvalidSignatureException", "Credential should be scoped to a valid region and service")
    wanted = {"host", *(name for name in headers if name.startswith("x-amz-"))}
    if signed != sorted(signed) or not wanted <= set(signed) or not set(signed) <= set(headers):
        raise Refused("InvalidSignatureException", "not all headers that must be are signed")
    if abs(time.time() - calendar.timegm(time.strptime(date, "%Y%m%dT%H%M%SZ"))) > SKEW_S:
        raise Refused("InvalidSignatureException", "Signature not yet current")
    key = keys.get(key_id)
    if key is None or headers.get("x-amz-security-token") != key["token"]:
        raise Refused("UnrecognizedClientException", "The security token included in the request is invalid.")
    if key["expires_s"] is not None and key["expires_s"] <= time.time():
        raise Refused("ExpiredTokenException", "The security token included in the request is expired")
    canonical = canonical_request(request.command, request.path, headers, signed, body)
    if not hmac.compare_digest(sign(key["secret"], date, f"{day}/{region}/{service}/aws4_request", canonical), signature):
        raise Refused("InvalidSignatureException", "The request signature we calculated does not match. The canonical string was " + canonical)
