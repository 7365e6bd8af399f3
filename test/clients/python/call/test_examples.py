"""The programs in examples/python-call, against a host that speaks as the call page does."""

import asyncio
import json
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

import av
from aiortc import RTCPeerConnection
from media import Picture, Sink, Tone

from signalbox_client.webrtc import HostedCall, Peer
from support import PATIENCE, CallTest, Messages, until

EXAMPLES = Path(__file__).parents[4] / "examples" / "python-call"


class ExamplesTest(CallTest):
    async def start(self, *args: str) -> asyncio.subprocess.Process:
        child = await asyncio.create_subprocess_exec(
            sys.executable, *args, cwd=EXAMPLES, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip

        async def end() -> None:
            if child.returncode is None:
                child.kill()
            await child.communicate()

        self.addAsyncCleanup(end)
        return child

    async def said(self, child: asyncio.subprocess.Process) -> str:
        assert child.stdout is not None
        return (await asyncio.wait_for(child.stdout.readline(), PATIENCE)).decode().rstrip()

    async def page(self) -> tuple[HostedCall, dict[RTCPeerConnection, Sink]]:
        """A host that offers audio and video without a track, as the page does."""
        sinks = {}

        def prepare(connection: RTCPeerConnection) -> None:
            sinks[connection] = Sink()
            connection.on("track", sinks[connection].add)
            connection.addTransceiver("audio")
            connection.addTransceiver("video")

        return await self.host(prepare=prepare), sinks

    async def admit(self, call: HostedCall, child: asyncio.subprocess.Process) -> tuple[Peer, list[Any]]:
        """Welcome the next guest, and return what it says of itself."""
        ended = asyncio.create_task(child.wait())
        arrived = asyncio.create_task(self.peer(call))
        await asyncio.wait({ended, arrived}, return_when=asyncio.FIRST_COMPLETED)
        if not arrived.done():
            arrived.cancel()
            _, errors = await child.communicate()
            self.fail(errors.decode())
        ended.cancel()
        peer = arrived.result()
        heard = Messages(peer.channel)
        self.assertEqual(json.loads(await heard.next()), {"type": "hello"})
        peer.channel.send('{"type":"welcome"}')
        return peer, [json.loads(await heard.next()) for _ in range(2)]

    async def test_a_program_that_sends_a_test_picture(self) -> None:
        call, sinks = await self.page()
        child = await self.start("send.py", call.invite)
        peer, said = await self.admit(call, child)
        self.assertEqual(said[0], {"type": "media", "audio": False, "video": True})
        self.assertEqual(said[1]["type"], "name")
        self.assertEqual(await self.said(child), f"Connected, code {peer.code}")
        await until(lambda: sinks[peer.connection].frames["video"] > 3)
        peer.channel.send('{"type":"chat","text":"hello"}')
        self.assertEqual(await self.said(child), "They say: hello")
        child.send_signal(signal.SIGINT)
        self.assertIsNone(await self.ended(peer))
        _, errors = await child.communicate()
        self.assertEqual((child.returncode, errors.decode()), (0, ""))

    async def test_a_program_that_records_and_one_that_sends_what_was_recorded(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = str(Path(folder, "call.mp4"))
            call, sinks = await self.page()
            child = await self.start("record.py", call.invite, file)
            peer, said = await self.admit(call, child)
            self.assertEqual(said[0], {"type": "media", "audio": False, "video": False})
            self.assertEqual(await self.said(child), f"Connected, code {peer.code}")
            peer.connection.addTrack(Tone())
            peer.connection.addTrack(picture := Picture())
            self.assertEqual(await self.said(child), "Recording")
            await until(lambda: picture.sent > 120)
            await peer.close()
            self.assertEqual(await self.said(child), "They left.")
            _, errors = await asyncio.wait_for(child.communicate(), PATIENCE)
            self.assertEqual((child.returncode, errors.decode()), (0, ""))
            with av.open(file) as recorded:
                self.assertEqual(sorted(stream.type for stream in recorded.streams), ["audio", "video"])
                self.assertGreater(sum(1 for _ in recorded.decode(video=0)), 5)

            sender = await self.start("send.py", call.invite, file)
            peer, said = await self.admit(call, sender)
            self.assertEqual(said[0], {"type": "media", "audio": True, "video": True})
            await until(lambda: min(sinks[peer.connection].frames.values()) > 3)
            sender.send_signal(signal.SIGINT)
            self.assertIsNone(await self.ended(peer))

    async def test_a_program_that_cannot_join_says_why_in_one_line(self) -> None:
        child = await self.start("send.py", "http://127.0.0.1:9/#nothing")
        _, errors = await child.communicate()
        self.assertEqual(child.returncode, 1)
        self.assertRegex(errors.decode(), r"^This link is not a valid invite.*\n$")
