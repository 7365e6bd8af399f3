"""A link between this network namespace and another one, as bad as it is told: no kernel module does it everywhere.

usage: link.py NAMESPACE
    makes the namespace, where a client is behind a translator of addresses (NAT): it is 192.168.0.2 to itself, and
    10.78.0.1 to this side, which is 10.77.0.1 to it.
Reads settings, one JSON object a line, and answers each with what it has passed and dropped so far:
    delay   how much later a packet arrives, in seconds
    loss    which part of the packets is lost, in each direction
    down    whether all are lost, without a word to either side
    rebind  the translator forgets its client, and gives it another address from now on
"""
import fcntl
import heapq
import json
import os
import random
import selectors
import struct
import subprocess
import sys
import time

NAMESPACE = sys.argv[1]
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000
SOURCE, DESTINATION = 12, 16
# Where the checksum of each protocol is, after the IP header.
CHECKSUMS = {6: 16, 17: 6}
INSIDE = bytes([192, 168, 0, 2])


def tun(name: str) -> int:
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return device


def run(*command: str) -> None:
    subprocess.run(command, check=True)


def adjusted(checksum: int, old: bytes, new: bytes) -> int:
    """RFC 1624: the checksum after some of what it covers has changed."""
    total = ~checksum & 0xFFFF
    for a, b in zip(struct.unpack("!2H", old), struct.unpack("!2H", new)):
        total += (~a & 0xFFFF) + b
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def readdress(packet: bytes, at: int, address: bytes) -> bytes:
    changed = bytearray(packet)
    old = packet[at:at + 4]
    changed[at:at + 4] = address
    places = [10]
    protocol = CHECKSUMS.get(packet[9])
    if protocol is not None:
        places.append((packet[0] & 15) * 4 + protocol)
    for place in places:
        (checksum,) = struct.unpack_from("!H", packet, place)
        struct.pack_into("!H", changed, place, adjusted(checksum, old, address))
    return bytes(changed)


run("ip", "netns", "add", NAMESPACE)
near, far = tun("near"), tun("far")
for command in ("address add 10.77.0.1/32 dev near", "link set near up", "route add 10.78.0.0/16 dev near", f"link set far netns {NAMESPACE}"):
    run("ip", *command.split())
for command in ("link set lo up", "address add 192.168.0.2/24 dev far", "link set far up", "route add default dev far"):
    run("ip", "-netns", NAMESPACE, *command.split())

random.seed(1)
settings = {"delay": 0.0, "loss": 0.0, "down": False}
counts = {"passed": 0, "dropped": 0}
address = 1
arriving: list[tuple[float, int, int, bytes]] = []
selector = selectors.DefaultSelector()
for source in (near, far, 0):
    selector.register(source, selectors.EVENT_READ)
print(json.dumps(counts), flush=True)


def translated(source: int, packet: bytes) -> bytes | None:
    outside = bytes([10, 78, address >> 8, address & 255])
    if packet[0] >> 4 != 4:
        return None
    if source == far:
        return readdress(packet, SOURCE, outside)
    return readdress(packet, DESTINATION, INSIDE) if packet[DESTINATION:DESTINATION + 4] == outside else None


while True:
    wait = max(0.0, arriving[0][0] - time.monotonic()) if arriving else None
    for key, _ in selector.select(wait):
        if key.fd == 0:
            line = sys.stdin.readline()
            if not line:
                sys.exit()
            told = json.loads(line)
            address += told.pop("rebind", False)
            settings |= told
            print(json.dumps(counts), flush=True)
            continue
        packet = os.read(key.fd, 65536)
        changed = translated(key.fd, packet)
        if changed is None or settings["down"] or random.random() < settings["loss"]:
            counts["dropped"] += 1
            continue
        counts["passed"] += 1
        heapq.heappush(arriving, (time.monotonic() + settings["delay"], counts["passed"], far if key.fd == near else near, changed))
    while arriving and arriving[0][0] <= time.monotonic():
        _, _, target, packet = heapq.heappop(arriving)
        try:
            os.write(target, packet)
        except OSError:
            counts["dropped"] += 1
