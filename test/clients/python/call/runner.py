"""Plays calls as told, one JSON a line; see ../../README.md."""

import asyncio
import base64
import json
import sys
from typing import Any

from aiortc import MediaStreamTrack, RTCPeerConnection
from media import Picture, Sink, Tone

from signalbox_client.webrtc import Call, CallError, HostedCall, Peer
from signalbox_client.webrtc._call import Options
from signalbox_client.webrtc._host import open_host
from signalbox_client.webrtc._join import open_join
from signalbox_client.webrtc._timings import Timings

KNOWN = ("answer", "waiting", "ice", "close", "compare")


def say(message: dict[str, Any]) -> None:
    print(json.dumps(message), flush=True)


class Player:
    """A call and its peers."""

    def __init__(self, name: str):
        self.name = name
        self.peers: dict[str, Peer] = {}
        self.sinks: dict[RTCPeerConnection, Sink] = {}
        self.call: Call | None = None
        self._tracks: dict[RTCPeerConnection, list[str]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def event(self, event: str, **members: Any) -> None:
        say({"event": event, "name": self.name, **members})

    def options(self, args: dict[str, Any]) -> Options:
        given = args.get("timings", {})
        timings = Timings(**{name: given[name] / 1000 for name in KNOWN if name in given})
        return Options(self.prepare, self.refused, None, args.get("compare", True), None, timings)

    def refused(self, error: CallError, id: str | None) -> None:
        self.event("refused", code=error.code)

    def prepare(self, connection: RTCPeerConnection) -> None:
        sink = self.sinks[connection] = Sink()
        self._tracks[connection] = []

        @connection.on("track")
        def arrive(track: MediaStreamTrack) -> None:
            sink.add(track)
            self._tracks[connection].append(track.kind)
            for peer in self.peers.values():
                if peer.connection is connection:
                    self.event("track", peer=peer.id, kind=track.kind)

    def start(self, call: Call) -> None:
        self.call = call
        self._keep(self._meet(call))

    async def _meet(self, call: Call) -> None:
        code = None
        try:
            async for peer in call.peers:
                self._welcome(peer)
        except CallError as error:
            code = error.code
        self.event("end", code=code)

    def _welcome(self, peer: Peer) -> None:
        self.peers[peer.id] = peer
        self.event("peer", peer=peer.id, code=peer.code, host=peer.is_host)

        @peer.channel.on("message")
        def hear(data: str | bytes) -> None:
            members = {"text": data} if isinstance(data, str) else {"base64": base64.b64encode(data).decode()}
            self.event("data", peer=peer.id, **members)

        for kind in self._tracks[peer.connection]:
            self.event("track", peer=peer.id, kind=kind)
        self._keep(self._report_closed(peer))

    async def _report_closed(self, peer: Peer) -> None:
        error = await peer.wait_closed()
        self.event("closed", peer=peer.id, code=None if error is None else error.code)

    def _keep(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class Runner:
    """The calls, by name."""

    def __init__(self) -> None:
        self.players: dict[str, Player] = {}

    async def answer(self, command: dict[str, Any]) -> None:
        result: dict[str, Any] = {"id": command["id"]}
        try:
            result["answer"] = await getattr(self, f"do_{command['call']}")(command["args"])
        except CallError as error:
            result["error"] = error.code
        except Exception as error:
            result["error"] = repr(error)
        say(result)

    def peer(self, args: dict[str, Any]) -> Peer:
        return self.players[args["name"]].peers[args["peer"]]

    async def do_host(self, args: dict[str, Any]) -> dict[str, Any]:
        player = self.players[args["name"]] = Player(args["name"])
        call: HostedCall = await open_host(
            args["server"], args.get("page"), args.get("maxGuests", 16), player.options(args)
        )
        player.start(call)
        return {"invite": call.invite}

    async def do_join(self, args: dict[str, Any]) -> dict[str, Any]:
        player = self.players[args["name"]] = Player(args["name"])
        player.start(await open_join(args["invite"], None, player.options(args)))
        return {}

    async def do_send(self, args: dict[str, Any]) -> dict[str, Any]:
        self.peer(args).channel.send(args["text"])
        return {}

    async def do_send_bytes(self, args: dict[str, Any]) -> dict[str, Any]:
        self.peer(args).channel.send(base64.b64decode(args["base64"]))
        return {}

    async def do_video(self, args: dict[str, Any]) -> dict[str, Any]:
        self.peer(args).connection.addTrack(Picture())
        return {}

    async def do_audio(self, args: dict[str, Any]) -> dict[str, Any]:
        self.peer(args).connection.addTrack(Tone())
        return {}

    async def do_received(self, args: dict[str, Any]) -> dict[str, int]:
        return self.players[args["name"]].sinks[self.peer(args).connection].frames

    async def do_restart(self, args: dict[str, Any]) -> dict[str, Any]:
        raise NotImplementedError("aiortc cannot restart ICE")

    async def do_drop(self, args: dict[str, Any]) -> dict[str, Any]:
        await self.peer(args).close()
        return {}

    async def do_close(self, args: dict[str, Any]) -> dict[str, Any]:
        call = self.players[args["name"]].call
        if call is not None:
            await call.close()
        return {}


async def main() -> None:
    runner = Runner()
    running: set[asyncio.Task[None]] = set()
    while line := await asyncio.to_thread(sys.stdin.readline):
        task = asyncio.create_task(runner.answer(json.loads(line)))
        running.add(task)
        task.add_done_callback(running.discard)
    await asyncio.gather(*running)
    await asyncio.gather(*(player.call.close() for player in runner.players.values() if player.call is not None))


asyncio.run(main())
