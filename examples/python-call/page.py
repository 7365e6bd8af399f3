"""What a guest of the call page says on its data channel; see docs/call-protocol.md, "The call page"."""

import asyncio
import json

from signalbox_client.webrtc import Peer


async def be_admitted(peer: Peer, name: str, *, audio: bool, video: bool) -> None:
    """Ask to be admitted, and say who this is and what it will send."""
    welcome = asyncio.Event()

    @peer.channel.on("message")
    def hear(text: str | bytes) -> None:
        message = json.loads(text)
        if message.get("type") == "welcome":
            welcome.set()
        elif message.get("type") == "chat":
            print("They say:", message.get("text"), flush=True)

    peer.channel.send(json.dumps({"type": "hello"}))
    async with asyncio.timeout(5):
        await welcome.wait()
    peer.channel.send(json.dumps({"type": "media", "audio": audio, "video": video}))
    peer.channel.send(json.dumps({"type": "name", "name": name}))
    print(f"Connected, code {peer.code}", flush=True)
