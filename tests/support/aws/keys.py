# keys.py - who gives keys: the instance's metadata (version 2 only), a container's endpoint, STS.
# SPDX-License-Identifier: MIT
import json
import secrets
import time
import urllib.parse

ROLE = "verdict-role"
ARN = "arn:aws:iam::123456789012:role/verdict"


class Keys:
    def __init__(self, told):
        self.told = told
        self.known = {"AKIDFIXED": {"secret": "fixed/secret+key", "token": None, "expires_s": None}}
        self.metadata_tokens = set()
        self.given = 0

    def new(self):
        """Fresh temporary keys, as all three spell them."""
        expires_s = int(time.time() + self.told.get("lifetime", 3600))
        key_id, secret, token = "ASIA" + secrets.token_hex(8).upper(), secrets.token_urlsafe(30), secrets.token_urlsafe(300) + "+/="
        self.known[key_id] = {"secret": secret, "token": token, "expires_s": expires_s}
        self.given += 1
        return key_id, secret, token, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(expires_s))

    def secrets(self):
        """What nobody but who asks may ever show."""
        return [text for key in self.known.values() for text in (key["secret"], key["token"]) if text is not None]

    def document(self):
        key_id, secret, token, expiration = self.new()
        return json.dumps({"Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": key_id, "SecretAccessKey": secret, "Token": token,
                           "Expiration": expiration})

    def metadata(self, request):
        """Status and body for /latest/..."""
        path = request.path.removeprefix("/latest/")
        if request.command == "PUT" and path == "api/token":
            ttl = request.headers.get("X-aws-ec2-metadata-token-ttl-seconds", "")
            if not ttl.isdigit() or not 1 <= int(ttl) <= 21600:
                return 400, ""
            token = secrets.token_urlsafe(40)
            self.metadata_tokens.add(token)
            return 200, token
        if request.headers.get("X-aws-ec2-metadata-token") not in self.metadata_tokens:
            return 401, ""
        if "no_role" in self.told:
            return 404, ""
        if path == "meta-data/iam/security-credentials/":
            return 200, ROLE
        return (200, self.document()) if path == "meta-data/iam/security-credentials/" + ROLE else (404, "")

    def container(self, request):
        wanted = self.told.get("container_token")
        if wanted is not None and request.headers.get("Authorization") != wanted:
            return 403, '{"code":"AccessDenied","message":"no"}'
        return (200, self.document()) if request.command == "GET" else (405, "")

    def sts(self, request, body):
        form = dict(urllib.parse.parse_qsl(body.decode(), strict_parsing=True))
        wanted = {"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleArn": ARN, "WebIdentityToken": self.told.get("identity")}
        if request.command != "POST" or "Authorization" in request.headers:
            return 400, error("InvalidAction", "not like this")
        if any(form.get(name) != value for name, value in wanted.items()) or not form.get("RoleSessionName"):
            return 400, error("InvalidIdentityToken", "Couldn't retrieve verification key from your identity provider & so on")
        key_id, secret, token, expiration = self.new()
        return 200, f"""<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleWithWebIdentityResult>
    <SubjectFromWebIdentityToken>system:serviceaccount:verdict</SubjectFromWebIdentityToken>
    <Audience/>
    <Credentials><SessionToken>{token}</SessionToken><SecretAccessKey>{secret}</SecretAccessKey>
      <Expiration>{expiration}</Expiration><AccessKeyId>{key_id}</AccessKeyId></Credentials>
  </AssumeRoleWithWebIdentityResult>
  <ResponseMetadata><RequestId>ad4156e9-bce1-11e2-82e6-6b6efEXAMPLE</RequestId></ResponseMetadata>
</AssumeRoleWithWebIdentityResponse>"""


def error(code, message):
    message = message.replace("&", "&amp;").replace("<", "&lt;")
    return (f'<ErrorResponse xmlns="http://amazonaws.com/doc/">\n  <Error><Type>Sender</Type><Code>{code}</Code>'
            f"<Message>{message}</Message></Error>\n  <RequestId>5f8</RequestId>\n</ErrorResponse>\n")
