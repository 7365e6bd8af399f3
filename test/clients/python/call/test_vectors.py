"""The call protocol, by its test vectors; see docs/call-protocol.md."""

import asyncio
import json
import os
import unittest
from typing import Any, cast
from unittest.mock import patch

from aiortc import RTCDataChannel

from signalbox_client.webrtc import CallError, _control
from signalbox_client.webrtc._attempts import COMPARED, Attempts
from signalbox_client.webrtc._call import participant
from signalbox_client.webrtc._host import read_hello
from signalbox_client.webrtc._sealing import (
    Key,
    Role,
    Session,
    check_commitment,
    fingerprint,
    open_hello,
    parse_invite,
    parse_message,
    seal_hello,
    to_json,
)
from vectors import VECTORS, FakeDataChannel, TwoRoutes, data, text_of


class VectorsTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        # A callback that takes long, with the longest texts, is no fault.
        asyncio.get_running_loop().slow_callback_duration = 10

    def check_code(self, code: str, action: Any, *args: Any) -> None:
        with self.assertRaises(CallError) as raised:
            action(*args)
        self.assertEqual(raised.exception.code, code)

    async def test_versions(self) -> None:
        for parse, name in ((parse_invite, "invite"), (parse_message, "message")):
            vectors = VECTORS["versions"][f"{name}s"]
            self.assertGreaterEqual(len(vectors), 11)
            for vector in vectors:
                with self.subTest(vector["why"], of=name):
                    if "code" in vector:
                        self.check_code(vector["code"], parse, vector[name])
                    else:
                        parse(vector[name])

    async def test_participants(self) -> None:
        vectors = VECTORS["participants"]
        own = participant(vectors["hostDrop"])
        self.assertEqual(own, vectors["hostId"])
        self.assertGreaterEqual(len(vectors["hellos"]), 14)
        for vector in vectors["hellos"]:
            with self.subTest(vector["why"]):
                if "refused" in vector:
                    self.check_code(vector["refused"], read_hello, vector["value"], own)
                else:
                    drop, _, id = read_hello(vector["value"], own)
                    self.assertEqual((drop, id), (vector["value"]["drop"], vector["id"]))

    async def test_a_pair_of_guests(self) -> None:
        """This implementation has no mesh. Once two guests have a secret, they seal and compare like a host and a guest."""
        pair, code = VECTORS["pair"], VECTORS["pair"]["code"]
        for guest in (pair["host"], pair["guest"]):
            self.assertEqual(participant(guest["self"]), guest["id"])
        key = Key(data(pair["secret"]), pair["host"]["id"])
        self.assertEqual(key.id, pair["keyId"])

        def session(role: Role) -> Session:
            nonces = {"guest_nonce": pair["guestNonce"], "host_nonce": pair["hostNonce"]}
            return Session(key, role, guest_drop=pair["guest"]["id"], **nonces)

        sealing, opening = {"host": session("host"), "guest": session("guest")}, {"host": session("guest"), "guest": session("host")}
        self.assertGreaterEqual(len(pair["messages"]), 4)
        for vector in pair["messages"]:
            value, expected = vector["value"], vector["message"]
            message = parse_message(expected)
            if message.n == 0:
                self.assertEqual(seal_hello(key, pair["guestNonce"], to_json(value)), expected)
                self.assertEqual(open_hello(key, message), value)
            else:
                self.assertEqual(sealing[message.sender].seal(to_json(value)), expected)
                self.assertEqual(opening[message.sender].open(message), value)

        hello, [offer], [answer], _ = (vector["value"] for vector in pair["messages"])
        self.assertEqual(fingerprint(offer["description"]["sdp"]), code["hostFingerprint"])
        self.assertEqual(fingerprint(answer["description"]["sdp"]), code["guestFingerprint"])
        check_commitment(hello["hello"]["commitment"], answer["opening"], code["guestFingerprint"])
        for role in sealing.values():
            digits = role.code(
                opening=answer["opening"],
                random=offer["random"],
                host_fingerprint=code["hostFingerprint"],
                guest_fingerprint=code["guestFingerprint"],
            )
            self.assertEqual(digits, code["digits"])

    async def test_numbers_of_values(self) -> None:
        self.assertGreaterEqual(len(VECTORS["values"]), 35)
        for vector in VECTORS["values"]:
            with self.subTest(vector["why"], over=vector["over"]):
                routes = TwoRoutes()
                for message in vector["messages"]:
                    routes.say(vector["over"], to_json(message).decode())
                self.assertEqual([value.get("seq") for value in routes.heard], vector["taken"])
                self.assertEqual(routes.reported if routes.ended else None, vector.get("code"))

    async def test_messages_in_pieces_are_joined(self) -> None:
        self.assertGreaterEqual(len(VECTORS["pieces"]["joined"]), 13)
        for vector in VECTORS["pieces"]["joined"]:
            with self.subTest(vector["why"], over=vector["over"]):
                routes = TwoRoutes()
                for text in vector["texts"]:
                    routes.say(vector["over"], text_of(text))
                whole = json.loads(text_of(vector["whole"]))
                values = whole if vector["over"] == "boxes" else [whole]
                self.assertTrue(routes.heard == ([] if vector.get("ignored") else values))
                self.assertFalse(routes.ended)

    async def test_malformed_pieces_are_refused(self) -> None:
        self.assertGreaterEqual(len(VECTORS["pieces"]["refused"]), 59)
        for vector in VECTORS["pieces"]["refused"]:
            with self.subTest(vector["why"], over=vector["over"]):
                routes = TwoRoutes()
                for text in vector["texts"]:
                    self.assertFalse(routes.ended, "too early")
                    routes.say(vector["over"], text_of(text))
                self.assertTrue(routes.ended)
                self.assertEqual(routes.reported, vector["code"])

    async def test_long_messages_are_sent_in_pieces(self) -> None:
        self.assertGreaterEqual(len(VECTORS["pieces"]["sent"]), 8)
        for vector in VECTORS["pieces"]["sent"]:
            with self.subTest(vector["why"], over=vector["over"]):
                text, routes = text_of(vector["text"]), TwoRoutes()
                if vector["over"] == "boxes":
                    routes.boxes.send(json.loads(text)[0])
                    sent = (await routes.told())[:-1]
                else:
                    routes.channel.sent.clear()
                    routes.control.send(json.loads(text))
                    sent = [json.loads(part) for part in routes.channel.sent]
                    self.assertTrue(all(len(part) < 49_152 for part in routes.channel.sent))
                if vector["whole"]:
                    self.assertTrue(sent == [json.loads(text)])
                else:
                    self.assertTrue(b"".join(data(part["piece"]) for part in sent) == text.encode())
                    self.assertEqual([part["more"] for part in sent], [True] * (len(sent) - 1) + [False])

    async def test_an_ending_says_why(self) -> None:
        self.assertGreaterEqual(len(VECTORS["endings"]["said"]), 25)
        for vector in VECTORS["endings"]["said"]:
            with self.subTest(vector["reason"]):
                error = None if vector["reason"] is None else CallError(vector["reason"])
                routes = TwoRoutes()
                self.assertTrue(routes.conversation._say_end(error))
                self.assertEqual(json.loads(routes.channel.sent[-1]), vector["connection"])
                self.assertEqual(await routes.told(error), [vector["boxes"]])

    async def test_an_ending_is_reported(self) -> None:
        self.assertGreaterEqual(len(VECTORS["endings"]["heard"]), 42)
        for vector in VECTORS["endings"]["heard"]:
            for connected in [vector["connected"]] if "connected" in vector else [False, True]:
                with self.subTest(vector["why"], over=vector["over"], connected=connected):
                    routes = TwoRoutes(connected=connected)
                    for _ in range(vector.get("missing", 0)):
                        routes.host.seal(b"[]")
                    for message in vector["messages"]:
                        routes.say(vector["over"], to_json(message).decode())
                    if vector.get("continues"):
                        routes.say("connection", '{"type":"signal","seq":1}')
                        self.assertEqual((len(routes.heard), routes.ended), (1, False))
                    else:
                        self.assertTrue(routes.ended)
                        self.assertEqual(routes.reported, vector["reported"])

    async def test_rates_of_messages(self) -> None:
        self.assertGreaterEqual(len(VECTORS["rates"]["control"]), 12)
        for vector in VECTORS["rates"]["control"]:
            now = 1_000.0
            with self.subTest(vector["why"]), patch.object(_control, "monotonic", lambda: now):
                channel, taken, errors = FakeDataChannel(), [], []
                control = _control.Control(
                    cast(RTCDataChannel, channel),
                    on_message=lambda message, _: taken.append(message),
                    fail=lambda error: errors.append(error.code),
                )
                control.start()
                for step in vector["steps"]:
                    now = 1_000 + step["at"] / 1_000
                    for _ in range(step["messages"]):
                        channel.say('{"type":"new"}')
                count = sum(step["messages"] for step in vector["steps"])
                refused = [vector["code"]] if "code" in vector else []
                self.assertEqual((len(taken), errors), (count - len(refused), refused))

    async def test_attempts_to_join(self) -> None:
        costs = {"failed": 1, "compared": COMPARED, "free": 0}
        self.assertGreaterEqual(len(VECTORS["rates"]["attempts"]), 7)
        for vector in VECTORS["rates"]["attempts"]:
            now = 1_000.0
            attempts = Attempts(600, enabled=True, clock=lambda: now)

            def begin() -> str:
                try:
                    return "begin" if attempts.begin() else "wait"
                except CallError as error:
                    self.assertEqual(error.code, "CALL_ERR_ATTEMPTS")
                    return "refused"

            for step in vector["steps"]:
                now = 1_000.0 + step["at"]
                with self.subTest(vector["why"], at=step["at"]):
                    for _ in range(step.get("begin", 0)):
                        self.assertEqual(begin(), step["then"])
                    for _ in range(step.get("end", 0)):
                        attempts.end(costs[step["as"]])


if __name__ == "__main__":
    unittest.main(argv=[os.path.basename(__file__)])
