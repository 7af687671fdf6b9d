# signature.py - Signature Version 4 as a service checks it: botocore signs what arrived once more, with the keys that we know.
# SPDX-License-Identifier: MIT
import datetime
import hmac
import re
import time
import unittest.mock

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

SKEW_S = 300
AUTHORIZATION = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, "
                           r"SignedHeaders=([a-z0-9;-]+), Signature=[0-9a-f]{64}")
BY_BOTOCORE = {"host", "x-amz-date", "x-amz-security-token"}  # it writes these itself


class Refused(Exception):
    """What the service answers: a code and a sentence."""

    def __init__(self, code, message):
        super().__init__(code)
        self.code, self.message = code, message


def signed_again(method, url, headers, body, moment, credentials, service, region):
    """The Authorization that botocore gives such a request at that moment."""
    request = AWSRequest(method, url, headers=headers, data=body)
    with unittest.mock.patch("botocore.auth.datetime") as clock:
        clock.datetime.utcnow.return_value = moment
        SigV4Auth(credentials, service, region).add_auth(request)
    return request.headers["Authorization"]


def moment_of(date):
    try:
        return datetime.datetime.strptime(date, "%Y%m%dT%H%M%SZ")
    except ValueError as error:
        raise Refused("IncompleteSignatureException", "Date must be in ISO-8601 'basic format'") from error


def check(request, body, keys, region, service):
    """`request`: a BaseHTTPRequestHandler; `keys`: id -> {"secret", "token", "expires_s"}. Not for two threads at once."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    authorization = headers.get("authorization", "")
    found = AUTHORIZATION.fullmatch(authorization)
    if found is None:
        raise Refused("MissingAuthenticationToken", "Request is missing Authentication Token")
    key_id, day, in_region, for_service, names = found.groups()
    signed = names.split(";")
    date = headers.get("x-amz-date", "")
    if (in_region, for_service) != (region, service) or not date.startswith(day + "T"):
        raise Refused("InvalidSignatureException", "Credential should be scoped to a valid region and service")
    wanted = {"host", *(name for name in headers if name.startswith("x-amz-"))}
    if not wanted <= set(signed) <= set(headers):
        raise Refused("InvalidSignatureException", "not all headers that must be are signed")
    moment = moment_of(date)
    if abs(time.time() - moment.replace(tzinfo=datetime.timezone.utc).timestamp()) > SKEW_S:
        raise Refused("InvalidSignatureException", "Signature not yet current")
    key = keys.get(key_id)
    if key is None or headers.get("x-amz-security-token") != key["token"]:
        raise Refused("UnrecognizedClientException", "The security token included in the request is invalid.")
    if key["expires_s"] is not None and key["expires_s"] <= time.time():
        raise Refused("ExpiredTokenException", "The security token included in the request is expired")
    others = {name: headers[name] for name in signed if name not in BY_BOTOCORE}
    ours = signed_again(request.command, f"http://{headers['host']}{request.path}", others, body, moment,
                        Credentials(key_id, key["secret"], key["token"]), service, region)
    if not hmac.compare_digest(ours, authorization):
        raise Refused("InvalidSignatureException", "The request signature we calculated does not match the signature you provided: " + ours)
