"""Box without asyncio, on a real server."""

import asyncio
import os
import subprocess
import sys
import threading
import unittest

from signalbox_client import BoxClosedError, BoxError, Message, Page
from signalbox_client.sync import Box
from support import URL


class SyncTest(unittest.TestCase):
    def create(self) -> Box:
        box = Box.create(URL)
        self.addCleanup(box.delete)
        return box

    def test_a_message_goes_from_one_box_to_the_other(self) -> None:
        with Box.create(URL, ttl=60) as box, Box.open(box.drop_link) as drop:
            self.assertEqual(drop.send({"a": [1]}).seq, 1)
            for message in box:
                self.assertEqual(message, {"a": [1]})
                break
            self.assertEqual(box.acknowledge(1), 0)
            drop.send(2)
            self.assertEqual(box.drain(), Page([Message(2, 2)], 2))
            with self.assertRaises(BoxError) as raised:
                drop.read()
            self.assertEqual(raised.exception.code, "BOX_ERR_DROP_ONLY")
            box.delete()

    def test_the_message_at_which_a_loop_was_left_is_delivered_again(self) -> None:
        box = self.create()
        for n in (1, 2, 3):
            box.send(n)
        for message in box:
            if message == 2:
                break
        self.assertEqual(next(iter(box)), 2)
        with box.messages() as messages:
            self.assertEqual([next(messages).seq, next(messages).seq], [2, 3])
        self.assertEqual(box.read().messages, [Message(3, 3)])

    def test_a_timeout_limits_a_call_and_the_wait_for_each_message_which_can_be_continued(self) -> None:
        box = self.create()
        with self.assertRaises(TimeoutError):
            box.read(wait=20, timeout=0.05)
        with box.messages(timeout=5) as messages:
            messages._timeout = 0.05
            with self.assertRaises(TimeoutError):
                next(messages)
            box.send(1)
            messages._timeout = 5
            self.assertEqual(next(messages), Message(1, 1))

    def test_a_loop_that_timed_out_makes_way_for_another(self) -> None:
        box = self.create()
        box.send(1)
        for expected in ([1], [], []):
            taken = []
            try:
                for message in box.messages(timeout=0.05):
                    taken.append(message.seq)
            except TimeoutError as error:
                # It refers to the iterator.
                timeout = error
            self.assertEqual((taken, str(timeout)), (expected, ""))

    def test_another_thread_can_end_a_loop_and_a_call_by_closing_the_box(self) -> None:
        box = self.create()
        ended: list[object] = []

        def loop() -> None:
            for _ in box:
                pass
            ended.append("loop")

        def call() -> None:
            try:
                box.read(wait=20)
            except BoxClosedError:
                ended.append("call")

        threads = [threading.Thread(target=loop), threading.Thread(target=call)]
        for thread in threads:
            thread.start()
        while len(box._box._closing._running) < 2:
            pass
        box.close()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(map(str, ended)), ["call", "loop"])

    def test_it_works_where_an_event_loop_is_running(self) -> None:
        async def main() -> int:
            return self.create().send(1).seq

        self.assertEqual(asyncio.run(main()), 1)

    def test_several_threads_can_use_one_box(self) -> None:
        box = self.create()
        threads = [threading.Thread(target=lambda n=n: [box.send([n, i]) for i in range(5)]) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = [message.data for message in box.read().messages]
        self.assertEqual(len(found), 20)
        for n in range(4):
            self.assertEqual([data for data in found if data[0] == n], [[n, i] for i in range(5)])

    @unittest.skipUnless(hasattr(os, "fork"), "this platform has no fork")
    def test_a_fork_can_use_boxes_of_its_own(self) -> None:
        self.create().send(1)
        program = f"""
import os
from signalbox_client.sync import Box
Box.create({URL!r}).close()
child = os.fork()
box = Box.create({URL!r})
box.send(1)
box.delete()
if child:
    os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
        subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


class ProgramTest(unittest.TestCase):
    """Whole programs, in which a warning, such as of what leaks or is never awaited, is an error."""

    def run_program(self, program: str) -> None:
        result = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=60)
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_a_program_that_leaves_a_loop_ends_without_a_warning(self) -> None:
        self.run_program(f"""
import asyncio
from signalbox_client import Box
async def main():
    async with await Box.create({URL!r}) as box:
        for n in range(3):
            await box.send(n)
        async for message in box:
            if message == 2: break
        await box._loops_ended()
        assert [m.seq for m in (await box.read()).messages] == [3]
        await box.delete()
asyncio.run(main())
""")

    def test_a_synchronous_program_ends_without_a_warning(self) -> None:
        self.run_program(f"""
from signalbox_client.sync import Box
with Box.create({URL!r}) as box:
    box.send(1)
    for message in box: break
    box.delete()
""")
