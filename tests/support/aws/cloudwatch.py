# cloudwatch.py - GetMetricData over AWS JSON 1.0, as strict as the service: what it does not know it refuses.
# SPDX-License-Identifier: MIT
import base64
import hashlib
import json
import re
import time

from signature import Refused

TARGET = "GraniteServiceVersion20100801.GetMetricData"
QUERIES_MAX = 500
STATS = {"Sum", "Average", "Minimum", "Maximum", "SampleCount"}


def refuse(message):
    raise Refused("ValidationError", message)


def keys_of(thing, required, allowed):
    if not isinstance(thing, dict) or not required <= set(thing) <= required | allowed:
        refuse(f"unknown or missing: {sorted(set(thing) ^ required)}")
    return thing


def check_query(query, ids):
    keys_of(query, {"Id", "MetricStat"}, {"ReturnData", "Label"})
    if not re.fullmatch(r"[a-z][a-zA-Z0-9_]{0,254}", query["Id"]) or query["Id"] in ids:
        refuse("The value for parameter Id is not good: " + query["Id"])
    ids.add(query["Id"])
    stat = keys_of(query["MetricStat"], {"Metric", "Period", "Stat"}, {"Unit"})
    metric = keys_of(stat["Metric"], {"Namespace", "MetricName"}, {"Dimensions"})
    if not isinstance(stat["Period"], int) or (stat["Period"] not in (1, 5, 10, 20, 30) and (stat["Period"] < 60 or stat["Period"] % 60)):
        refuse(f"Period {stat['Period']}")
    if stat["Stat"] not in STATS and not re.fullmatch(r"p\d{1,2}(\.\d+)?", stat["Stat"]):
        refuse("Stat " + stat["Stat"])
    if len(metric.get("Dimensions", [])) > 30 or not 1 <= len(metric["MetricName"]) <= 255:
        refuse("Dimensions or MetricName")
    for dimension in metric.get("Dimensions", []):
        keys_of(dimension, {"Name", "Value"}, set())


def name_of(metric):
    """As `told` names a metric: "NAMESPACE NAME|Dimension=Value"."""
    dimensions = ",".join(f"{d['Name']}={d['Value']}" for d in metric.get("Dimensions", []))
    return f"{metric['Namespace']} {metric['MetricName']}" + (f"|{dimensions}" if dimensions else "")


class CloudWatch:
    def __init__(self, told):
        self.told = told
        self.live = None  # NAME, start, period -> a value or None: a world that makes them
        self.asked = {"calls": 0, "metrics": 0, "most": 0, "pages": 0}

    def points(self, stat, start, end):
        """[(time, value)] of every whole period that is over and has arrived."""
        period, name = stat["Period"], name_of(stat["Metric"])
        told = self.told.get("metrics", {}).get(name)
        told = told if isinstance(told, dict) else {"value": told}
        over = time.time() + self.told.get("skew", 0) - told.get("late", 0)
        times = range(start - start % period, end, period)
        if told.get("stat", stat["Stat"]) != stat["Stat"]:
            return []
        values = [(at, told["value"] if self.live is None else self.live(name, at, period)) for at in times if at >= start and at + period <= over]
        return [(at, value) for at, value in values if value is not None and (told.get("from", 0) <= at < told.get("until", 1 << 40))]

    def results(self, request):
        rows = []
        for query in request["MetricDataQueries"]:
            stat = query["MetricStat"]
            points = self.points(stat, request["StartTime"], request["EndTime"])
            if request.get("ScanBy") != "TimestampAscending":
                points.reverse()
            status = self.told.get("codes", {}).get(name_of(stat["Metric"]), "Complete")
            row = {"Id": query["Id"], "Label": stat["Metric"]["MetricName"], "StatusCode": status,
                   "Timestamps": [at for at, _ in points], "Values": [value for _, value in points]}
            if "split" in self.told and len(points) > 1:  # an Id's points over two pages
                half = len(points) // 2
                rows.append({**row, "StatusCode": "PartialData", "Timestamps": row["Timestamps"][:half], "Values": row["Values"][:half]})
                row = {**row, "Timestamps": row["Timestamps"][half:], "Values": row["Values"][half:]}
            rows.append(row)
        return rows

    def answer(self, headers, body):
        """The text that goes with 200."""
        if headers.get("X-Amz-Target") != TARGET or headers.get("Content-Type") != "application/x-amz-json-1.0":
            raise Refused("UnknownOperationException", "")
        request = json.loads(body)
        keys_of(request, {"MetricDataQueries", "StartTime", "EndTime"}, {"NextToken", "ScanBy", "MaxDatapoints"})
        ids = set()
        if not 1 <= len(request["MetricDataQueries"]) <= QUERIES_MAX:
            refuse("The collection MetricDataQueries must not have a size greater than 500")
        for query in request["MetricDataQueries"]:
            check_query(query, ids)
        if not isinstance(request["StartTime"], int) or request["StartTime"] >= request["EndTime"]:
            refuse("The parameter StartTime must be less than the parameter EndTime")
        return json.dumps(self.page(request))

    def page(self, request):
        same = {name: value for name, value in request.items() if name != "NextToken"}
        digest = hashlib.sha256(json.dumps(same, sort_keys=True).encode()).hexdigest()
        first, token = 0, request.get("NextToken")
        if token is not None:
            first, of = base64.b64decode(token).decode().split(" ")
            first = int(first)
            if of != digest:
                refuse("NextToken belongs to another request")
        else:
            self.asked["calls"] += 1
            self.asked["metrics"] += len(request["MetricDataQueries"])
            self.asked["most"] = max(self.asked["most"], len(request["MetricDataQueries"]))
        self.asked["pages"] += 1
        rows = self.results(request)
        size = self.told.get("page", 1 if "split" in self.told else 500)
        answer = {"MetricDataResults": rows[first:first + size], "Messages": []}
        if first + size < len(rows) or "endless" in self.told:
            answer["NextToken"] = base64.b64encode(f"{first + size} {digest}".encode()).decode()
        return answer
