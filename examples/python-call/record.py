"""Joins a call, and records what it receives until the host leaves, or Ctrl+C. See README.md."""

import asyncio
import sys

from aiortc import MediaStreamTrack, RTCPeerConnection
from aiortc.contrib.media import MediaRecorder
from page import be_admitted
from signalbox_client.webrtc import CallError, join


async def record(invite: str, file: str) -> None:
    recorder = MediaRecorder(file)

    def prepare(connection: RTCPeerConnection) -> None:
        @connection.on("track")
        def arrive(track: MediaStreamTrack) -> None:
            recorder.addTrack(track)

    try:
        async with join(invite, prepare=prepare) as call:
            peer = await anext(call.peers)
            await be_admitted(peer, "A recorder", audio=False, video=False)
            await recorder.start()
            print("Recording", flush=True)
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
