"""What is refused, and by which name."""

import asyncio
from contextlib import nullcontext
from typing import Any
from unittest.mock import patch

from aiortc import RTCPeerConnection
from scripted import ScriptedGuest, ScriptedHost, make_offer

from signalbox_client.webrtc import CallError, HostedCall
from signalbox_client.webrtc._attempts import COMPARED
from signalbox_client.webrtc._connection import Prepared, verify_certificate
from signalbox_client.webrtc._conversation import Conversation
from signalbox_client.webrtc._negotiation import Negotiation
from signalbox_client.webrtc._sealing import new_nonce, parse_message, seal_hello, to_base64url
from support import CallTest, until

LARGE = {"more": True, "piece": to_base64url(b"x" * 32_000)}


class RefusalsTest(CallTest):
    async def quiet_host(self) -> tuple[HostedCall, list[str]]:
        refused: list[str] = []
        call = await self.host(refused=lambda error, id: refused.append(error.code), compare=False)
        return call, refused

    async def test_what_a_host_refuses_in_its_box(self) -> None:
        call, refused = await self.quiet_host()
        async with await ScriptedGuest.create(call.invite) as guest:
            hello = guest.sealed_hello()
            other = new_nonce()
            cases: list[tuple[str, Any]] = [
                ("CALL_ERR_FORMAT", None),
                ("CALL_ERR_FORMAT", {**hello, "x": 1}),
                ("CALL_ERR_VERSION", {**hello, "v": 2}),
                ("CALL_ERR_FOREIGN", {**hello, "to": guest.drop}),
                ("CALL_ERR_KEY", {**hello, "key": "AAAAAAAA"}),
                ("CALL_ERR_REFLECTED", {**hello, "from": "host"}),
                ("CALL_ERR_FOREIGN", {**hello, "session": f"{guest.nonce}.{other}"}),
                ("CALL_ERR_ORDER", {**hello, "n": 1}),
                ("CALL_ERR_CHANGED", {**hello, "session": other}),
                ("CALL_ERR_FORMAT", seal_hello(guest.key, guest.nonce, b"{")),
                ("CALL_ERR_FORMAT", seal_hello(guest.key, guest.nonce, b"[]")),
                ("CALL_ERR_FORMAT", guest.sealed_hello(drop="box_" + "A" * 32)),
                ("CALL_ERR_FOREIGN", guest.sealed_hello(drop=guest.key.host_drop, hello={"commitment": guest.hello["commitment"]})),
            ]
            for code, message in cases:
                with self.subTest(code=code, message=message):
                    refused.clear()
                    await guest.other.send(message)
                    await until(lambda: refused)
                    self.assertEqual(refused, [code])
            self.assertIn("description", await guest.offered())

    async def test_a_guest_without_a_commitment_is_refused_with_its_answer(self) -> None:
        call, refused = await self.quiet_host()
        async with await ScriptedGuest.create(call.invite) as guest:
            await guest.greet(hello={"self": "Ada"})
            await guest.hear()
            await guest.say([{"description": {"type": "answer", "sdp": guest.sdp}, "opening": guest.opening}])
            await until(lambda: refused)
        self.assertEqual(refused, ["CALL_ERR_FINGERPRINT"])

    async def test_a_flood_of_hellos_does_not_cause_a_flood_of_messages(self) -> None:
        refused: list[str] = []
        call = await self.host(refused=lambda error, id: refused.append(error.code), max_guests=1)
        await self.join(call.invite)
        await self.peer(call)
        told = asyncio.Event()

        async def tell(self: Conversation, error: CallError | None) -> None:
            await told.wait()

        with patch.object(Conversation, "_tell", tell):
            async with await ScriptedGuest.create(call.invite) as guest:
                for _ in range(20):
                    guest.nonce = new_nonce()
                    await guest.greet()
                await until(lambda: refused == ["CALL_ERR_FULL"] * 4)
                told.set()
                await until(lambda: refused == ["CALL_ERR_FULL"] * 20)

    async def test_a_hello_that_comes_again_ends_its_session(self) -> None:
        call, refused = await self.quiet_host()
        async with await ScriptedGuest.create(call.invite) as guest:
            await guest.offered()
            await guest.greet()
            self.assertEqual(await guest.hear(), {"ended": "CALL_ERR_CLOSED"})
            await until(lambda: len(refused) == 2)
            self.assertEqual(refused, ["CALL_ERR_REPLAYED"] * 2)
            # What comes later in a session that has ended is dropped silently.
            await guest.say([{}])
            await guest.greet()
            await until(lambda: len(refused) == 3)
            self.assertEqual(refused[2], "CALL_ERR_REPLAYED")

    async def test_what_a_host_refuses_from_a_guest(self) -> None:
        call, refused = await self.quiet_host()
        offer = {"type": "offer", "sdp": await make_offer()}

        async def refuse(code: str, *values: Any) -> None:
            async with await ScriptedGuest.create(call.invite) as guest:
                await guest.offered()
                refused.clear()
                for value in values:
                    if callable(value):
                        value = value(guest)
                    await guest.say(value)
                await until(lambda: refused)
                self.assertEqual(refused, [code], f"{values}"[:300])

        def answer(**members: Any) -> Any:
            def make(guest: ScriptedGuest) -> Any:
                description = {"type": "answer", "sdp": guest.sdp}
                return [{"description": description, "opening": guest.opening, "seq": 1, **members}]

            return make

        def altered(old: str, new: str) -> Any:
            def make(guest: ScriptedGuest) -> Any:
                description = {"type": "answer", "sdp": guest.sdp.replace(old, new)}
                return [{"description": description, "opening": guest.opening}]

            return make

        for code, value in [
            ("CALL_ERR_FORMAT", [{"description": offer}]),
            ("CALL_ERR_FORMAT", [{"description": {"type": "rollback", "sdp": ""}}]),
            ("CALL_ERR_FORMAT", [{"description": "v=0"}]),
            ("CALL_ERR_FORMAT", {"description": offer}),
            ("CALL_ERR_FORMAT", [1]),
            ("CALL_ERR_FORMAT", "x"),
            ("CALL_ERR_FORMAT", answer(seq=1.5)),
            ("CALL_ERR_FORMAT", answer(seq="1")),
            ("CALL_ERR_FORMAT", answer(seq=True)),
            ("CALL_ERR_FORMAT", answer(seq=-1)),
            ("CALL_ERR_ORDER", answer(seq=2)),
            ("CALL_ERR_FINGERPRINT", answer(opening=new_nonce())),
            ("CALL_ERR_FINGERPRINT", answer(opening=None)),
            ("CALL_ERR_FINGERPRINT", altered("a=fingerprint", "a=x")),
            ("CALL_ERR_FINGERPRINT", altered("sha-256", "SHA-256")),
            ("CALL_ERR_FINGERPRINT", altered("a=setup", "a=x-fingerprint:1\r\na=setup")),
            ("CALL_ERR_DESCRIPTION", altered("a=setup", "a=max-message-size:49151\r\na=setup")),
            ("CALL_ERR_DESCRIPTION", altered("a=setup", "a=max-message-size:x\r\na=setup")),
            ("CALL_ERR_DESCRIPTION", altered("a=setup", "a=ssrc:1 x:1\r\n" * 2_049 + "a=setup")),
            ("CALL_ERR_DESCRIPTION", altered("a=setup", "a=fmtp:1 x\r\n" * 129 + "a=setup")),
            ("CALL_ERR_DESCRIPTION", altered("a=setup", f"a=fmtp:1 {'x' * 16_400}\r\na=setup")),
            ("CALL_ERR_DESCRIPTION", altered("a=setup", "a=rtcp-fb:1 x\r\n" * 129 + "a=setup")),
            ("CALL_ERR_DESCRIPTION", altered("m=application", "m=audio 9 x 0\r\n" * 64 + "m=application")),
            ("CALL_ERR_DESCRIPTION", altered("a=setup", "\x85" * 16_385 + "a=setup")),
            ("CALL_ERR_DESCRIPTION", altered("a=setup", "a=x:\ud800\r\na=setup")),
            ("CALL_ERR_FORMAT", {"piece": "?", "more": False}),
            ("CALL_ERR_FORMAT", {"piece": "", "more": 1}),
            ("CALL_ERR_FORMAT", {"piece": to_base64url(b"{"), "more": False}),
            ("CALL_ERR_FULL", [{}] * 1_100),
            ("CALL_ERR_LOST", {"ended": "CALL_ERR_LOST"}),
            ("CALL_ERR_CLOSED", {"ended": "CALL_ERR_KEY"}),
        ]:
            with self.subTest(code=code, value=value):
                await refuse(code, value)
        await refuse("CALL_ERR_FORMAT", LARGE, [{}])
        await refuse("CALL_ERR_TOO_LARGE", *([LARGE] * 17))

    async def test_what_a_host_refuses_by_the_number_of_a_message(self) -> None:
        call, refused = await self.quiet_host()
        for code in ("CALL_ERR_ORDER", "CALL_ERR_CHANGED", "CALL_ERR_REFLECTED"):
            async with await ScriptedGuest.create(call.invite) as guest:
                await guest.greet()
                offer = await guest.stored()
                guest.session.open(parse_message(offer))
                sealed = guest.session.seal(b"[]")
                if code == "CALL_ERR_ORDER":
                    sealed = guest.session.seal(b"[]")
                elif code == "CALL_ERR_CHANGED":
                    sealed["n"] = 1
                    sealed["sealed"] = "A" * len(sealed["sealed"])
                else:
                    sealed = {**offer, "to": guest.key.host_drop}
                refused.clear()
                await guest.other.send(sealed)
                await until(lambda: refused)
                self.assertEqual(refused, [code])

    async def test_what_a_guest_refuses_from_a_host(self) -> None:
        sdp = await make_offer()
        offer = {"type": "offer", "sdp": sdp}
        for code, value in [
            ("CALL_ERR_FORMAT", [{"description": {"type": "answer", "sdp": sdp}}]),
            ("CALL_ERR_FORMAT", [{"description": offer}]),
            ("CALL_ERR_FORMAT", [{"description": offer, "random": "x"}]),
            ("CALL_ERR_FINGERPRINT", [{"description": {**offer, "sdp": "v=0"}, "random": new_nonce()}]),
            ("CALL_ERR_DESCRIPTION", [{"description": {**offer, "sdp": sdp.replace("ice-pwd", "x")}, "random": new_nonce()}]),
            ("CALL_ERR_ORDER", [{"seq": 1}, {"seq": 3}]),
            ("CALL_ERR_USED_UP", {"ended": "CALL_ERR_USED_UP"}),
            ("CALL_ERR_CLOSED", None),
        ]:
            with self.subTest(code=code, value=value):
                async with await ScriptedHost.create() as host:
                    joined = await self.join(host.invite)
                    await host.met()
                    await host.say(value)
                    self.assertEqual(await self.failure(joined), code)

    async def test_a_guest_refuses_what_is_not_from_its_host(self) -> None:
        async with await ScriptedHost.create() as host:
            joined = await self.join(host.invite)
            await host.met()
            await host.other.send({"hello": "there"})
            self.assertEqual(await self.failure(joined), "CALL_ERR_FORMAT")

    async def test_a_guest_waits_for_as_long_as_the_host_says_so(self) -> None:
        async with await ScriptedHost.create() as host:
            joined = await self.join(host.invite, answer=0.5)
            await host.met()
            for _ in range(8):
                await host.say([{}])
                await asyncio.sleep(0.1)
            self.assertEqual(joined._peers._finished, False)
            self.assertEqual(await self.failure(joined), "CALL_ERR_NO_PEER")

    async def test_a_certificate_that_is_not_the_agreed_one_is_refused(self) -> None:
        # aiortc checks it on its own, but then only says that there is no connection.
        create, describe = Prepared.create.__func__, Negotiation._describe  # type: ignore[attr-defined]
        other = await make_offer()
        lines = [line for line in other.splitlines() if line.startswith("a=fingerprint:")]

        def replaced(sdp: str) -> str:
            kept = [line for line in sdp.splitlines() if not line.startswith("a=fingerprint:")]
            return "\r\n".join((*kept[:-1], *lines, kept[-1], ""))

        async def prepare(cls: Any, *args: Any) -> Prepared:
            prepared: Prepared = await create(cls, *args)
            prepared.fingerprint = ",".join(sorted(line.removeprefix("a=fingerprint:") for line in lines))
            return prepared

        def lie(self: Negotiation, description: Any, more: Any = None) -> None:
            if self._is_guest:
                description.sdp = replaced(description.sdp)
            describe(self, description, more)

        for verify in (True, False):
            with self.subTest(verify=verify):
                call, refused = await self.quiet_host()
                expected = "CALL_ERR_FINGERPRINT" if verify else "CALL_ERR_NO_PATH"
                with nullcontext() if verify else patch.object(Conversation, "_verify"):
                    with patch.object(Prepared, "create", classmethod(prepare)):
                        joined = await self.join(call.invite)
                    with patch.object(Negotiation, "_describe", lie):
                        await until(lambda: refused)
                self.assertEqual(refused, [expected])
                await joined.close()

    async def test_without_a_certificate_there_is_no_code(self) -> None:
        connection = RTCPeerConnection()
        with self.assertRaises(CallError) as raised:
            verify_certificate(connection, "sha-256 00")
        await connection.close()
        self.assertEqual(raised.exception.code, "CALL_ERR_UNVERIFIED")

    async def test_one_of_several_agreed_fingerprints_is_enough(self) -> None:
        guest, _ = await self.connect()
        [conversation] = self._opened[0]._conversations
        agreed = conversation._agreement.other_fingerprint  # type: ignore[union-attr]
        other = "sha-256 " + ":".join(["00"] * 32)
        verify_certificate(guest.connection, f"{other},{agreed}")
        with self.assertRaises(CallError) as raised:
            verify_certificate(guest.connection, other)
        self.assertEqual(raised.exception.code, "CALL_ERR_FINGERPRINT")

    async def test_a_callback_that_fails_does_not_end_the_call(self) -> None:
        def fail(error: CallError, id: str | None) -> None:
            raise ZeroDivisionError

        call = await self.host(refused=fail)
        with self.assertLogs("signalbox_client", "ERROR") as logs:
            async with await ScriptedGuest.create(call.invite) as guest:
                await guest.other.send(None)
            joined = await self.join(call.invite)
            self.assertEqual((await self.peer(call)).id, joined.id)
        self.assertIn("refused", logs.output[0])

    async def test_a_code_counts_as_compared_only_if_the_connection_still_works(self) -> None:
        guest, _ = await self.connect({"compare": True})
        self.assertTrue(guest.code)
        call = self._opened[0]
        call._options.timings.__dict__["compare"] = 0.01
        [conversation] = call._conversations
        self.assertEqual(await call._judge(conversation, guest), COMPARED)
        with patch.object(RTCPeerConnection, "connectionState", "disconnected"):
            self.assertEqual(await call._judge(conversation, guest), 1)

    async def test_an_error_has_a_text_for_people(self) -> None:
        self.assertIn("lost", str(CallError("CALL_ERR_LOST")))
        with self.assertRaises(KeyError):
            CallError("CALL_ERR_UNKNOWN")
