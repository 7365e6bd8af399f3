"""The parser of the event stream."""

import random
import unittest

from signalbox_client import ResponseTooLargeError
from signalbox_client._events import Event, EventParser


def parse(*chunks: bytes, limit: int = 1000) -> list[Event]:
    parser = EventParser(limit)
    return [event for chunk in chunks for event in parser.push(chunk)]


class EventParserTest(unittest.TestCase):
    def test_an_event_ends_at_an_empty_line(self) -> None:
        self.assertEqual(parse(b"data: a\n\ndata: b\n"), [Event("message", "a", "")])

    def test_lines_end_in_cr_lf_cr_or_lf(self) -> None:
        for end in (b"\n", b"\r", b"\r\n"):
            text = end.join([b"id: 1", b"data: a", b"data: b", b"", b"data: c", b"", b""])
            self.assertEqual(parse(text), [Event("message", "a\nb", "1"), Event("message", "c", "1")])

    def test_a_cr_at_the_end_of_a_chunk_ends_its_line_at_once_and_only_once(self) -> None:
        self.assertEqual(parse(b"data: a\r\r"), [Event("message", "a", "")])
        self.assertEqual(parse(b"data: a\r", b"\n", b"data: b\r", b"\n\r", b"\n"), [Event("message", "a\nb", "")])

    def test_comments_unknown_fields_and_events_without_data_are_ignored(self) -> None:
        self.assertEqual(parse(b": hello\n\nretry: 9\nfoo: bar\nid: 1\n\nevent: gone\n\n:\n\n"), [])

    def test_one_space_after_the_colon_is_not_part_of_the_value(self) -> None:
        self.assertEqual(parse(b"data:  a\ndata:b\ndata\n\n"), [Event("message", " a\nb\n", "")])

    def test_a_type_applies_only_to_its_event_and_an_id_with_a_nul_is_ignored(self) -> None:
        events = parse(b"event: x\ndata: a\nid: 1\n\ndata: b\nid: 2\0\n\n")
        self.assertEqual(events, [Event("x", "a", "1"), Event("message", "b", "1")])

    def test_a_byte_order_mark_is_skipped_at_the_start_only(self) -> None:
        self.assertEqual(parse(b"\xef\xbb", b"\xbfdata: \xef\xbb\xbf\n\n"), [Event("message", "\ufeff", "")])

    def test_separators_of_other_standards_are_part_of_a_line(self) -> None:
        text = "a\u2028b\u2029c\u0085d\x0be\x0cf\x1cg"
        self.assertEqual(parse(f"data: {text}\n\n".encode()), [Event("message", text, "")])

    def test_any_bytes_cut_anywhere_give_the_same_events(self) -> None:
        source = random.Random(1)
        pieces = [b"data: ", b"data", b"id: 7", b"event: x", b":", b" ", b"\r", b"\n", b"\r\n", "é🎉".encode(), b"\xf0\x9f", b"\0", b"\xef\xbb\xbf"]
        for _ in range(2000):
            text = b"".join(source.choices(pieces, k=source.randrange(30)))
            cuts = sorted(source.randrange(len(text) + 1) for _ in range(5))
            chunks = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
            self.assertEqual(parse(*chunks), parse(text), (text, cuts))

    def test_an_endless_event_is_abandoned_whether_in_one_line_or_many(self) -> None:
        for chunk in (b"x", b"data: xx\n"):
            parser = EventParser(50)
            with self.assertRaises(ResponseTooLargeError):
                for _ in range(100):
                    parser.push(chunk)
        self.assertEqual(len(parse(*[b"data: xx\n\n"] * 100, limit=50)), 100)
