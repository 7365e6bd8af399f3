"""Lets schemathesis meet boxes that exist: of the well-formed addresses it makes up, every other one becomes a real one."""

import os
import re
import zlib

import requests
import schemathesis
from schemathesis.openapi.checks import UseAfterFree
from schemathesis.specs.openapi.checks import use_after_free

URL = os.environ["SIGNALBOX_FUZZ_URL"]
# The server's, in seconds.
DEFAULT_TTL, MAX_TTL = 86_400, 604_800
ADDRESS = re.compile(r"(box|drop)_[A-Za-z0-9_-]{32}")


def new_box():
    created = requests.post(f"{URL}/boxes", timeout=10).json()
    for message in (None, {"type": "offer"}):
        requests.post(f"{URL}/boxes/{created['drop']}/messages", json=message, data="null" if message is None else None,
                      headers={"Content-Type": "application/json"}, timeout=10)
    return created


def made_real(parameters):
    address = (parameters or {}).get("box")
    if not isinstance(address, str) or not ADDRESS.fullmatch(address) or zlib.crc32(address.encode()) % 2:
        return parameters
    created = new_box()
    return {**parameters, "box": created["drop" if address.startswith("drop_") else "data"]}


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    return made_real(path_parameters)


@schemathesis.hook
def map_query(context, query):
    return made_real(query)


@schemathesis.hook
def before_call(context, case, kwargs):
    """A schema cannot say that `keep` is at most `ttl`. What the schema refuses stays as it is."""
    settings = case.body if isinstance(case.body, dict) else {}
    ttl, keep = settings.get("ttl", DEFAULT_TTL), settings.get("keep")
    if is_seconds(ttl) and is_seconds(keep) and keep > ttl:
        case.body = {**settings, "keep": ttl}


def is_seconds(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 1 <= value <= MAX_TTL and value == int(value)


@schemathesis.check
def gone_after_delete(ctx, response, case):
    """use_after_free, but a drain is not a deletion: DELETE of the messages leaves the box."""
    try:
        return use_after_free(ctx, response, case)
    except UseAfterFree as failure:
        if failure.operation != "DELETE /boxes/{box}/messages":
            raise
