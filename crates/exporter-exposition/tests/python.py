"""Reads pages with the parsers of the Python package prometheus_client, and prints what they found as JSON."""

import gzip
import json
import struct
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as text


def sample(found):
    value = struct.pack(">d", found.value).hex()
    time = found.timestamp
    time = None if time is None else round(float(time) * 1000)
    return [found.name, sorted(found.labels.items()), value, time]


def page(path):
    parse = openmetrics if ".om" in path else text
    read = gzip.open if path.endswith(".gz") else open
    with read(path, "rt", encoding="utf-8", newline="") as file:
        families = list(parse(file.read()))
    return [
        [family.name, family.type, family.documentation, family.unit, [sample(s) for s in family.samples]]
        for family in families
    ]


for line in sys.stdin:
    path = line.rstrip("\n")
    try:
        print(json.dumps(page(path)))
    except ValueError as error:
        print(json.dumps(str(error)))
