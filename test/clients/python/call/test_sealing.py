"""The format of sealed signaling, by the test vectors and case by case."""

import json
import os
import re
import unittest
from pathlib import Path
from typing import Any

from signalbox_client.webrtc import CallError
from signalbox_client.webrtc._errors import TEXTS
from signalbox_client.webrtc._sealing import (
    Invite,
    Key,
    Session,
    check_commitment,
    check_random,
    commit,
    fingerprint,
    from_base64url,
    new_nonce,
    open_hello,
    parse_invite,
    parse_message,
    seal_hello,
    to_json,
)

REPOSITORY = Path(__file__).parents[4]
VECTORS = json.loads((REPOSITORY / "test" / "webrtc" / "sealing-vectors.json").read_text())
SECRET = from_base64url(VECTORS["secret"])
assert SECRET is not None
KEY = Key(SECRET, VECTORS["hostDrop"])
CODE = VECTORS["code"]


def session(role: Any, key: Key = KEY, host_nonce: str | None = VECTORS["hostNonce"]) -> Session:
    return Session(
        key, role, guest_drop=VECTORS["guestDrop"], guest_nonce=VECTORS["guestNonce"], host_nonce=host_nonce
    )


class SealingTest(unittest.TestCase):
    def refused(self, code: str, action: Any, *args: Any, **options: Any) -> None:
        with self.assertRaises(CallError, msg=f"{args} {options}"[:200]) as raised:
            action(*args, **options)
        self.assertEqual(raised.exception.code, code, f"{args} {options}"[:200])

    def test_vectors_of_invites(self) -> None:
        self.assertEqual(KEY.id, VECTORS["invite"]["id"])
        server = "https://box.example/call"
        for page, link in {
            "https://box.example/call/": VECTORS["invite"]["link"],
            "https://page.example/": VECTORS["invite"]["elsewhere"],
        }.items():
            self.assertEqual(Invite(server, KEY).link(page), link)
            self.assertEqual(parse_invite(link), Invite(server, KEY))

    def test_vectors_of_messages(self) -> None:
        sealing = {"host": session("host"), "guest": session("guest")}
        # A guest learns the host's nonce from the host's first message.
        opening = {"guest": session("host"), "host": session("guest", host_nonce=None)}
        self.assertGreaterEqual(len(VECTORS["messages"]), 3)
        for vector in VECTORS["messages"]:
            value, expected = vector["value"], vector["message"]
            message = parse_message(expected)
            if message.n == 0:
                self.assertEqual(seal_hello(KEY, VECTORS["guestNonce"], to_json(value)), expected)
                self.assertEqual(open_hello(KEY, message), value)
            else:
                self.assertEqual(sealing[message.sender].seal(to_json(value)), expected)
                self.assertEqual(opening[message.sender].open(message), value)

    def test_vectors_of_what_is_refused(self) -> None:
        def open_first(vector: Any, host_nonce: str | None) -> None:
            message = parse_message(vector["message"])
            if message.n == 0:
                open_hello(KEY, message)
            else:
                session("guest", host_nonce=host_nonce).open(message)

        self.assertGreaterEqual(len(VECTORS["refused"]), 10)
        for vector in VECTORS["refused"]:
            with self.subTest(vector["why"]):
                self.refused(vector["code"], open_first, vector, VECTORS["hostNonce"])
                # As long as a guest does not know the host's nonce, only the tag tells that it is another one.
                other = "CALL_ERR_CHANGED" if vector["why"] == "of another session" else vector["code"]
                self.refused(other, open_first, vector, None)

    def test_vectors_of_the_code(self) -> None:
        self.assertEqual(fingerprint(CODE["hostSdp"]), CODE["hostFingerprint"])
        self.assertEqual(fingerprint(CODE["guestSdp"]), CODE["guestFingerprint"])
        self.assertEqual(commit(CODE["opening"], CODE["guestFingerprint"]), CODE["commitment"])
        check_commitment(CODE["commitment"], CODE["opening"], CODE["guestFingerprint"])
        for role in ("host", "guest"):
            code = session(role).code(
                opening=CODE["opening"],
                random=CODE["random"],
                host_fingerprint=CODE["hostFingerprint"],
                guest_fingerprint=CODE["guestFingerprint"],
            )
            self.assertEqual(code, CODE["digits"])

    def test_an_invite_that_was_altered_is_refused_by_name(self) -> None:
        link = VECTORS["invite"]["link"]
        for old, new, code in [
            ("https://box.example", "ftp://box.example", "CALL_ERR_INVITE"),
            (link, "not a link", "CALL_ERR_INVITE"),
            ("v=1&", "", "CALL_ERR_INVITE"),
            ("drop_", "box_", "CALL_ERR_INVITE"),
            ("v=1", "server=ftp://x&v=1", "CALL_ERR_INVITE"),
            ("v=1", "v=2", "CALL_ERR_INVITE_VERSION"),
            ("v=1", "v=", "CALL_ERR_INVITE_VERSION"),
            ("key=A", "key=B", "CALL_ERR_KEY"),
            ("key=A", "key=", "CALL_ERR_KEY"),
            ("&id=3", "&id=4", "CALL_ERR_KEY"),
            ("Hh8&", "Hh9&", "CALL_ERR_KEY"),
        ]:
            self.refused(code, parse_invite, link.replace(old, new, 1))
        self.assertEqual(parse_invite(link.replace("v=1", "x=9&v=1") + "&v=2").key, KEY)

    def test_the_form_of_a_message(self) -> None:
        original = to_json(VECTORS["messages"][1]["message"]).decode()
        for old, new, code in [
            ('"v":1', '"v":"1"', "CALL_ERR_FORMAT"),
            ('"v":1', '"v":true', "CALL_ERR_FORMAT"),
            ('"v":1', '"v":0', "CALL_ERR_VERSION"),
            ('"n":1', '"n":-1', "CALL_ERR_FORMAT"),
            ('"n":1', '"n":1.5', "CALL_ERR_FORMAT"),
            ('"n":1', '"n":true', "CALL_ERR_FORMAT"),
            ('"n":1', '"n":9007199254740992', "CALL_ERR_FORMAT"),
            ('"n":1', '"n":1e999', "CALL_ERR_FORMAT"),
            ('"n":1', '"n":null', "CALL_ERR_FORMAT"),
            ('"to":"', '"to":"\\ud800', "CALL_ERR_FORMAT"),
            ('"to":', '"To":', "CALL_ERR_FORMAT"),
            ('"from":"host"', '"from":"server"', "CALL_ERR_FORMAT"),
            ('"from":"host"', '"from":[]', "CALL_ERR_FORMAT"),
            ('"key":"', '"key":"x', "CALL_ERR_FORMAT"),
            ('ubw","n"', 'ubw.","n"', "CALL_ERR_FORMAT"),
            ('"session":"', '"session":"\\n', "CALL_ERR_FORMAT"),
            ('"sealed":"', '"sealed":"","x":"', "CALL_ERR_FORMAT"),
            ('"sealed":"', '"sealed":"' + "A" * 699_075, "CALL_ERR_TOO_LARGE"),
            (original, "[]", "CALL_ERR_FORMAT"),
            (original, "null", "CALL_ERR_FORMAT"),
        ]:
            text = original.replace(old, new, 1)
            self.assertNotEqual(text, original)
            self.refused(code, parse_message, json.loads(text))
        for old, new in [('"v":1', '"v":1.0'), ('"n":1', '"n":1e0')]:
            self.assertEqual(parse_message(json.loads(original.replace(old, new))).n, 1)

    def test_a_message_is_opened_once_and_in_order(self) -> None:
        host, guest = session("host"), session("guest")
        sealed = [parse_message(host.seal(text)) for text in (b"[0]", b"[1]", b"[2]", b'{"ended":"CALL_ERR_LOST"}')]
        self.refused("CALL_ERR_ORDER", guest.open, sealed[1])
        self.assertEqual(guest.open(sealed[0]), [0])
        self.refused("CALL_ERR_REPLAYED", guest.open, sealed[0])
        self.refused("CALL_ERR_ORDER", guest.open, sealed[2])
        self.assertEqual(guest.open(sealed[1]), [1])
        self.assertEqual(guest.open(sealed[3]), {"ended": "CALL_ERR_LOST"})
        self.refused("CALL_ERR_REPLAYED", guest.open, sealed[2])

    def test_a_change_of_any_byte_is_refused(self) -> None:
        sealed = session("host").seal(b'["a"]')
        for at, character in enumerate(sealed["sealed"]):
            changed = sealed["sealed"][:at] + ("B" if character == "A" else "A") + sealed["sealed"][at + 1 :]
            self.refused("CALL_ERR_CHANGED", session("guest").open, parse_message({**sealed, "sealed": changed}))
        for text in (b'["a"', b"NaN", b"\xff", b"[" * 100_000):
            self.refused("CALL_ERR_FORMAT", session("guest").open, parse_message(session("host").seal(text)))

    def test_a_hello_is_checked_in_its_own_order(self) -> None:
        hello = seal_hello(KEY, VECTORS["guestNonce"], b"{}")
        self.assertEqual(open_hello(KEY, parse_message(hello)), {})
        wrong = {"to": VECTORS["guestDrop"], "key": "AAAAAAAA", "from": "host", "session": f"{new_nonce()}.{new_nonce()}", "n": 1}
        codes = ["CALL_ERR_FOREIGN", "CALL_ERR_KEY", "CALL_ERR_REFLECTED", "CALL_ERR_FOREIGN", "CALL_ERR_ORDER"]
        for code, name in zip(codes, list(wrong), strict=True):
            self.refused(code, open_hello, KEY, parse_message({**hello, **wrong}))
            del wrong[name]

    def test_a_doubtful_fingerprint_is_refused(self) -> None:
        line = "a=fingerprint:" + CODE["hostFingerprint"]
        for sdp in [
            "",
            "v=0",
            f"{line} ",
            f" {line}",
            line.lower(),
            line.upper(),
            f"{line}:00",
            line.replace(":sha", ": sha"),
            line.replace("sha-256", "sha-1"),
            f"{line}\ra=x",
            f"{line}\x0ba=x",
            f"{line}\u2028a=x",
            f"{line}\r\na=x-FingerPrint:1",
        ]:
            self.refused("CALL_ERR_FINGERPRINT", fingerprint, sdp)
        other = "a=fingerprint:" + CODE["guestFingerprint"]
        self.assertEqual(fingerprint(f"{other}\n{line}\r\n{other}"), f"{CODE['hostFingerprint']},{CODE['guestFingerprint']}")

    def test_a_commitment_and_a_random_number_have_one_form(self) -> None:
        for opening in ["", CODE["opening"] + "A", CODE["opening"][:21], new_nonce(), None, 1]:
            self.refused("CALL_ERR_FINGERPRINT", check_commitment, CODE["commitment"], opening, CODE["guestFingerprint"])
        self.refused("CALL_ERR_FINGERPRINT", check_commitment, CODE["commitment"], CODE["opening"], CODE["hostFingerprint"])
        for random in ["", CODE["random"] + "A", None, 1]:
            self.refused("CALL_ERR_FORMAT", check_random, random)
        self.assertEqual(check_random(CODE["random"]), CODE["random"])

    def test_the_errors_are_those_of_typescript(self) -> None:
        source = (REPOSITORY / "clients" / "typescript" / "src" / "webrtc" / "errors.ts").read_text()
        table = re.findall(r"^  (CALL_ERR_\w+): (['`])(.+)\2,?$", source, re.MULTILINE)
        new_invite = re.search(r"NEW_INVITE = '(.+)'", source)
        assert new_invite is not None
        texts = {code: text.replace("\\'", "'").replace("${NEW_INVITE}", new_invite[1]) for code, _, text in table}
        # Only a page meets the first. The advice for the second is about the implementations in JavaScript.
        self.assertEqual(set(texts) - set(TEXTS), {"CALL_ERR_INSECURE"})
        differ = [code for code in TEXTS if TEXTS[code] != texts[code]]
        self.assertEqual(differ, ["CALL_ERR_UNVERIFIED"])


if __name__ == "__main__":
    unittest.main(argv=[os.path.basename(__file__)])
