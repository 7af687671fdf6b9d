# contract.py - the API by its own description: requests made from it, good and bad, and answers held to it.
# SPDX-License-Identifier: MIT
import collections
import copy
import http.client
import json
import re

import jsonschema

from world import UnixConnection

OTHERS = "x-additionalOperations"  # methods that OpenAPI 3.1 has no member for
METHODS = ("get", "post", "put", "delete", "patch", "options")
STREAM = "text/event-stream"
TOO_LONG = "x" * 2000
NO_LINE = "a\nb"

Answer = collections.namedtuple("Answer", "status headers body")
Operation = collections.namedtuple("Operation", "method path shape")


def ask(connection, method, path, body=None, headers=None):
    """One request over a connection of its own; a stream is left after its beginning."""
    try:
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        connection.request(method, path, data, headers or {})
        answer = connection.getresponse()
        is_stream = (answer.headers["Content-Type"] or "").startswith(STREAM)
        return Answer(answer.status, answer.headers, answer.readline() if is_stream else answer.read())
    finally:
        connection.close()


def methods_of(item):
    """The operations of a path, by method."""
    return {**{method.upper(): item[method] for method in METHODS if method in item}, **item.get(OTHERS, {})}


class Contract:
    """`/openapi.json` of a running daemon."""

    def __init__(self, world, seconds=10):
        self._world, self._seconds = world, seconds
        self.document = json.loads(self.local("GET", "/openapi.json").body)
        self.operations = {f"{method} {path}": Operation(method, path, shape)
                           for path, item in self.document["paths"].items() for method, shape in methods_of(item).items()}

    def local(self, method, path, body=None, headers=None):
        return ask(UnixConnection(self._world.socket, self._seconds), method, path, body, headers)

    def remote(self, method, path, body=None, headers=None, token=None):
        """By TCP, where a token is wanted."""
        head = {} if token is None else {"Authorization": f"Bearer {token}"}
        return ask(http.client.HTTPConnection("127.0.0.1", self._world.api_port, timeout=self._seconds), method, path, body, {**head, **(headers or {})})

    def schema(self, name):
        return self.resolved({"$ref": f"#/components/schemas/{name}"})

    def resolved(self, schema):
        """Without its references, as far as its first levels go."""
        if "$ref" in schema:
            return self.resolved(self.document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]])
        return schema

    def body_of(self, operation):
        """(media type, resolved schema) of its first form, or None."""
        content = operation.shape.get("requestBody", {}).get("content", {})
        for kind, media in content.items():
            return kind, self.resolved(media.get("schema", {}))
        return None

    def has(self, method, path):
        """Is it an operation of another path with a parameter there?"""
        return any(one.method == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", one.path), path) for one in self.operations.values())

    def check(self, operation, answer, said=""):
        """The answer is one that the document declares, and looks as it says."""
        declared = operation.shape["responses"]
        what = f"{operation.method} {operation.path} {said}: {answer.status} {answer.body[:300]}"
        known = declared.get(str(answer.status)) or declared.get(f"{answer.status // 100}XX")
        assert known is not None, f"not declared: {what}"
        if "$ref" in known:
            known = self.document["components"]["responses"][known["$ref"].rsplit("/", 1)[1]]
        if "content" not in known:
            assert answer.body == b"", what
            return
        kind = answer.headers["Content-Type"].split(";")[0]
        assert kind in known["content"], f"{kind} is not declared: {what}"
        schema = known["content"][kind].get("schema")
        if schema is not None:
            jsonschema.Draft202012Validator({**schema, "components": self.document["components"]}).validate(json.loads(answer.body))

    # Bad ones

    def _bad_values(self, schema):
        schema = self.resolved(schema)
        kind = schema.get("type")
        values = {"string": [7, True, [], {}], "boolean": ["yes", 1], "number": ["7", [], True], "integer": ["7"], "array": [{}, "x", 7], "object": [[], "x", 7]}[kind]
        if "enum" in schema:
            values.append("none-of-these")
        if "pattern" in schema:
            values.append(NO_LINE)
        if "maxLength" in schema:
            values.append("x" * max(len(TOO_LONG), schema["maxLength"] + 1))
        if "minimum" in schema:
            values.append(schema["minimum"] - 1)
        if "maximum" in schema:
            values.append(schema["maximum"] + 1)
        if "maxItems" in schema:
            values.append([self.example_of(schema["items"])] * (schema["maxItems"] + 1))
        if kind == "array":
            values += [[value] for value in self._bad_values(schema["items"])]
        return values

    def example_of(self, schema):
        schema = self.resolved(schema)
        return schema.get("example", schema.get("enum", ["x1"])[0])

    def bad_bodies(self, schema):
        """(what is wrong with it, the body) of a schema that has an example."""
        good = schema["example"]
        yield "no object", [good]
        yield "cut off", json.dumps(good).encode()[:-1]
        yield "trailing", json.dumps(good).encode() + b"}"
        yield "too deep", b"[" * 5000
        yield "twice", b'{"reason":"a","reason":"b"}'
        yield "no text", b'{"reason":"\xff\xfe"}'
        if schema.get("additionalProperties") is False:
            yield "unknown member", {**good, "surprise": 1}
        for name in schema.get("required", []):
            yield f"without {name}", {key: value for key, value in good.items() if key != name}
        for name, part in schema.get("properties", {}).items():
            for value in self._bad_values(part):
                body = copy.deepcopy(good)
                body[name] = value
                yield f"{name} = {str(value)[:30]!r}", body

    def bad_queries(self, operation):
        if "security" in operation.shape:
            yield from ("enviroment=prod", "=", "wait=1s&Wait=1s")
        for parameter in operation.shape["parameters"]:
            schema = self.resolved(parameter["schema"])
            if parameter["in"] != "query":
                continue
            if schema.get("type") == "integer":
                yield from (f"{parameter['name']}={value}" for value in ("x", "-1", schema["maximum"] + 1, "1e1", ""))
            elif "pattern" in schema:
                yield f"{parameter['name']}=%0a"

    def bad_headers(self, operation):
        for parameter in operation.shape["parameters"]:
            schema = self.resolved(parameter["schema"])
            if parameter["in"] == "header" and schema.get("type") == "integer":
                yield from ((parameter["name"], value) for value in ("x", "-1", "1.5", "9" * 30))
            elif parameter["in"] == "header" and "maxLength" in schema:
                yield from ((parameter["name"], value) for value in ("x" * (schema["maxLength"] + 1), '"open', "\u00e4"))


def fill(path, values):
    """/v1/runs/{run} with what stands for {run}."""
    return re.sub(r"\{(\w+)\}", lambda found: values[found.group(1)], path)
