"""Makes the calls it reads, one JSON a line, through the generated client; see ../README.md."""

import json
import sys
import threading

from signalbox_client import BoxError
from signalbox_client.operations import Client
from signalbox_client.operations.api.box import acknowledge, create_box, delete_box, drain_messages, open_box, read_messages, store_message
from signalbox_client.operations.api.classic import classic_box
from signalbox_client.operations.api.webrtc import get_ice_servers
from signalbox_client.operations.models import CreateBox, Cursor
from signalbox_client.operations.types import UNSET

lock = threading.Lock()


def call(name, client, args):
    def optional(name):
        return args.get(name, UNSET)

    match name:
        case "createBox":
            body = CreateBox.from_dict({name: args[name] for name in ("ttl", "keep") if name in args}) if "ttl" in args else UNSET
            return create_box.sync_detailed(client=client, body=body)
        case "openBox":
            body = CreateBox.from_dict({name: args[name] for name in ("ttl", "keep") if name in args}) if "ttl" in args else UNSET
            return open_box.sync_detailed(args["box"], client=client, body=body)
        case "storeMessage":
            return store_message.sync_detailed(
                args["box"], client=client, body=args["message"], idempotency_key=optional("key")
            )
        case "readMessages":
            return read_messages.sync_detailed(
                args["box"], client=client, after=optional("after"), limit=optional("limit"), wait=optional("wait")
            )
        case "acknowledge":
            return acknowledge.sync_detailed(args["box"], client=client, body=Cursor(after=args["after"]))
        case "drainMessages":
            return drain_messages.sync_detailed(args["box"], client=client)
        case "deleteBox":
            return delete_box.sync_detailed(args["box"], client=client)
        case "classicBox":
            return classic_box.sync_detailed(client=client, box=optional("box"), msg=optional("msg"))
        case "getIceServers":
            return get_ice_servers.sync_detailed(args["box"], client=client)


def answer(command):
    result = {"id": command["id"]}
    try:
        response = call(command["call"], Client(command["url"]), command["args"])
        result["status"] = response.status_code
        result["answer"] = None if response.parsed is None else response.parsed.to_dict()
    except BoxError as error:
        result["status"] = error.status
        result["problem"] = None if error.problem is None else error.problem.to_dict()
    except Exception as error:
        result["error"] = repr(error)
    with lock:
        print(json.dumps(result), flush=True)


for line in sys.stdin:
    threading.Thread(target=answer, args=(json.loads(line),)).start()
