"""Carries out the commands it reads, one JSON a line, through Box; see ../README.md. With ``--sync``, through sync.Box."""

import asyncio
import json
import sys
from dataclasses import replace

from signalbox_client import Box, sync
from signalbox_client._address import parse_address
from signalbox_client._http import MAX_RESPONSE_BYTES, Connection
from signalbox_client._retry import Timings

# Waits that are short enough for a thousand failures.
QUICK = Timings(min_delay=0.001, max_delay=0.008, acknowledge_interval=0.001)


def open_quick(link, server, timings):
    address = replace(parse_address(link), server=server)
    connection = Connection(server, headers=None, transport=None, max_response_bytes=MAX_RESPONSE_BYTES)
    return Box(address, connection, replace(QUICK, **timings))


async def send(box, args):
    return [(await box.send(message)).seq for message in args["messages"]]


async def take(box, args):
    taken = []
    async for message in box.messages(after=args.get("after")):
        taken.append([message.seq, message.data])
        if len(taken) == args["count"]:
            if not args.get("leave"):
                await box.acknowledge(message.seq)
            return taken


async def read(box, args):
    return [[message.seq, message.data] for message in (await box.read(**args)).messages]


def send_sync(box, args):
    return [box.send(message).seq for message in args["messages"]]


def take_sync(box, args):
    taken = []
    for message in box.messages(after=args.get("after")):
        taken.append([message.seq, message.data])
        if len(taken) == args["count"]:
            if not args.get("leave"):
                box.acknowledge(message.seq)
            return taken


def read_sync(box, args):
    return [[message.seq, message.data] for message in box.read(**args).messages]


async def answer(command):
    result = {"id": command["id"]}
    try:
        box = open_quick(command["link"], command["url"], command.get("timings", {}))
        if "--sync" in sys.argv:
            result["answer"] = await asyncio.to_thread(answer_sync, sync.Box(box), command)
        else:
            async with box:
                result["answer"] = await {"send": send, "take": take, "read": read}[command["call"]](box, command["args"])
    except Exception as error:
        result["error"] = repr(error)
    print(json.dumps(result), flush=True)


def answer_sync(box, command):
    with box:
        return {"send": send_sync, "take": take_sync, "read": read_sync}[command["call"]](box, command["args"])


async def main():
    running = set()
    while line := await asyncio.to_thread(sys.stdin.readline):
        running.add(asyncio.create_task(answer(json.loads(line))))
    await asyncio.gather(*running)


asyncio.run(main())
