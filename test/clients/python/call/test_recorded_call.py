"""A recorded call, among the test vectors of the call protocol, played again for each of its sides."""

import os
import unittest
from typing import Any

from signalbox_client.webrtc._agreement import Agreement
from signalbox_client.webrtc._call import participant
from signalbox_client.webrtc._descriptions import parse_description
from signalbox_client.webrtc._host import read_hello
from signalbox_client.webrtc._sealing import (
    Role,
    Session,
    fingerprint,
    from_json,
    open_hello,
    parse_invite,
    parse_message,
    seal_hello,
    to_json,
)
from vectors import VECTORS, Side

RECORDED = VECTORS["conversation"]
HELLO, OFFER, ANSWER = RECORDED["steps"][:3]
KEY = parse_invite(RECORDED["invite"]).key


def session(role: Role, host_nonce: str | None = RECORDED["hostNonce"]) -> Session:
    return Session(KEY, role, guest_drop=RECORDED["guestDrop"], guest_nonce=RECORDED["guestNonce"], host_nonce=host_nonce)


def in_order(role: str) -> list[Any]:
    """The steps as this side sees them: of two that cross, its own is the first."""
    steps = list(RECORDED["steps"])
    for at in range(1, len(steps)):
        before, after = steps[at - 1], steps[at]
        if before.get("crossing") is not None and before.get("crossing") == after.get("crossing") and after["from"] == role:
            steps[at - 1], steps[at] = after, before
    return steps


def values(steps: list[Any]) -> list[Any]:
    """The values in them, with what the control channel adds."""
    found = []
    for step in steps:
        if step["over"] == "boxes":
            found += step["value"] or []
        elif step["value"]["type"] == "signal":
            found.append(step["value"])
    return found


class RecordedCallTest(unittest.IsolatedAsyncioTestCase):
    def test_the_hello(self) -> None:
        value, message = HELLO["value"], HELLO["message"]
        self.assertEqual(seal_hello(KEY, RECORDED["guestNonce"], to_json(value)), message)
        self.assertEqual(open_hello(KEY, parse_message({**message, "v": VECTORS["version"]})), value)
        known = next(each for each in VECTORS["participants"]["hellos"] if each["why"] == "with self")
        drop, commitment, id = read_hello(value, participant(KEY.host_drop))
        self.assertEqual((drop, commitment, id), (RECORDED["guestDrop"], value["hello"]["commitment"], known["id"]))

    async def test_the_host(self) -> None:
        agreement = self.agreement("host", session("host"))
        agreement._random = OFFER["value"][0]["random"]
        await self.replay("host", session("host"), agreement)

    async def test_the_guest(self) -> None:
        # It learns the host's nonce from its first message.
        own = session("guest", None)
        await self.replay("guest", own, self.agreement("guest", own))

    def agreement(self, role: Role, own: Session) -> Agreement:
        first = (OFFER if role == "host" else ANSWER)["value"][0]
        commitment = HELLO["value"]["hello"]["commitment"] if role == "host" else ""
        opening = first["opening"] if role == "guest" else ""
        return Agreement(role, own, fingerprint(first["description"]["sdp"]), commitment=commitment, opening=opening)

    async def replay(self, role: Role, own: Session, agreement: Agreement) -> None:
        """Say what this side said, let it hear what it heard, and compare what comes of it."""
        side, sealing = Side(own, connected=False), session(role)
        for step in in_order(role)[1:]:
            if step["over"] == "connection" and side.conversation.peer is None:
                self.assertEqual(agreement.code, RECORDED["code"])
                side.connect()
            if step["from"] == role:
                if step["over"] == "boxes":
                    self.assertEqual(sealing.seal(to_json(step["value"])), step["message"])
                self.say(side, step)
            elif step["over"] == "boxes":
                side.conversation.receive(parse_message(step["message"]))
            else:
                side.channel.say(to_json(step["value"]).decode())
            for value in values([step] if step["from"] != role else []):
                if "description" in value:
                    description = parse_description(value["description"])
                    agreement.take(value, description.type, description.sdp)
        self.assertEqual(side.heard, values([step for step in RECORDED["steps"][1:] if step["from"] != role]))
        self.assertEqual(side.reported, RECORDED["reported"][role])

        side.boxes.finish(None)
        await side.boxes.run()
        other = session("guest" if role == "host" else "host")
        own_steps = [step for step in RECORDED["steps"][1:] if step["from"] == role]
        stored = [other.open(parse_message(message)) for message in side.stored]
        self.assertEqual(stored, [step["value"] for step in own_steps if step["over"] == "boxes"])
        sent = [from_json(text) for text in side.channel.sent]
        self.assertEqual(sent, [step["value"] for step in own_steps if step["over"] == "connection"])
        self.assertEqual({**values(own_steps)[0], **agreement.share()}, values(own_steps)[0])

    def say(self, side: Side, step: Any) -> None:
        """Reports of what was seen, and the answer to an end, come by themselves."""
        for value in values([step]):
            side.signaling.send({name: member for name, member in value.items() if name not in ("type", "seq")})
        if step["over"] == "connection" and step["value"]["type"] == "end" and not side.ended:
            side.conversation.end(None)
            side.conversation._say_end(None)


if __name__ == "__main__":
    unittest.main(argv=[os.path.basename(__file__)])
