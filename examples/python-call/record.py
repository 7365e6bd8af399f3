"""Joins a call, and records what it receives until the host leaves, or Ctrl+C. See README.md."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from aiortc import MediaStreamTrack, RTCPeerConnection
from aiortc.contrib.media import MediaRecorder
from aiortc.mediastreams import MediaStreamError
from av import Packet
from av.frame import Frame
from page import be_admitted
from signalbox_client.webrtc import CallError, join


class FromFirst(MediaStreamTrack):
    """A track that begins with a frame that has already arrived."""

    def __init__(self, track: MediaStreamTrack, first: Frame | Packet[Any]):
        super().__init__()
        self.kind = track.kind
        self._track = track
        self._first: Frame | Packet[Any] | None = first

    async def recv(self) -> Frame | Packet[Any]:
        first, self._first = self._first, None
        return await self._track.recv() if first is None else first


async def begin(track: MediaStreamTrack) -> FromFirst | None:
    """The track, once something arrives on it: a page offers sound and a picture whether or not it sends them."""
    try:
        async with asyncio.timeout(5):
            return FromFirst(track, await track.recv())
    except (MediaStreamError, TimeoutError):
        return None


async def record(invite: str, file: str) -> None:
    tracks: list[MediaStreamTrack] = []

    def prepare(connection: RTCPeerConnection) -> None:
        connection.on("track", tracks.append)

    async with join(invite, prepare=prepare) as call:
        peer = await anext(call.peers)
        await be_admitted(peer, "A recorder", audio=False, video=False)
        # The picture first: the file takes its size from the first frame.
        tracks.sort(key=lambda track: track.kind, reverse=True)
        begun = [track for track in await asyncio.gather(*map(begin, tracks)) if track is not None]
        if not begun:
            sys.exit("They send neither sound nor a picture.")
        recorder = MediaRecorder(file)
        for track in begun:
            recorder.addTrack(track)
        await recorder.start()
        print("Recording", flush=True)
        try:
            error = await peer.wait_closed()
            print("They left." if error is None else error, flush=True)
        finally:
            await recorder.stop()


if __name__ == "__main__":
    try:
        asyncio.run(record(sys.argv[1], sys.argv[2]))
    except (CallError, TimeoutError) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        pass
