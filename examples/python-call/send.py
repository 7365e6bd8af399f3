"""Joins a call, and sends a camera, a file or a test picture. See README.md."""

import asyncio
import sys

from aiortc import MediaStreamTrack, VideoStreamTrack
from aiortc.contrib.media import MediaPlayer, MediaRelay
from av import VideoFrame
from page import be_admitted
from signalbox_client.webrtc import CallError, join


class TestPicture(VideoStreamTrack):
    """A bright bar that moves over a dark ground."""

    async def recv(self) -> VideoFrame:
        pts, time_base = await self.next_timestamp()
        frame = VideoFrame(320, 240, "yuv420p")
        for plane, ground, bar in zip(frame.planes, (40, 110, 140), (220, 90, 160), strict=True):
            line = bytearray([ground]) * plane.line_size
            at = pts // 1_500 % plane.width
            line[at : at + plane.width // 20] = bytes([bar]) * (plane.width // 20)
            plane.update(bytes(line[: plane.line_size]) * plane.height)
        frame.pts, frame.time_base = pts, time_base
        return frame


async def send(invite: str, source: str | None, format: str | None) -> None:
    player = None if source is None else MediaPlayer(source, format=format)
    tracks: list[MediaStreamTrack | None] = [TestPicture()] if player is None else [player.audio, player.video]
    there = [track for track in tracks if track is not None]
    kinds = {track.kind for track in there}
    # Each connection needs tracks of its own: a lost one may be replaced.
    relay = MediaRelay()
    async with join(invite) as call:
        async for peer in call.peers:
            await be_admitted(peer, "A Python program", audio="audio" in kinds, video="video" in kinds)
            for track in there:
                peer.connection.addTrack(relay.subscribe(track))
            error = await peer.wait_closed()
            print("They left." if error is None else error, flush=True)


if __name__ == "__main__":
    try:
        asyncio.run(send(sys.argv[1], *(sys.argv[2:4] + [None, None])[:2]))
    except (CallError, TimeoutError) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        pass
