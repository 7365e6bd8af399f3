"""The limits of docs/call-protocol.md, in seconds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Timings:
    """Only tests change the defaults, except for ``answer``."""

    answer: float = 30
    """until the other side's first description; for a guest, each earlier value restarts it"""
    waiting: float = 10
    """how often a host tells a guest that has to wait that it is still there"""
    ice: float = 20
    """from the other side's first description until the data channel is open"""
    close: float = 1
    """how long the end may take to be told, and to be heard once the data channel has closed"""
    delete: float = 2
    """how long the deletion of a box may take"""
    compare: float = 20
    """the time people need to compare the code"""
    full: tuple[float, ...] = (0.5, 1, 2, 4)
    """the waits before a message is sent again to a box that is full"""
    forget: float = 600
    """until a failed attempt is forgotten"""
    pause: float = 1
    """before a guest joins again whose connection did not last, if nobody compares codes; doubles each time"""
    ice_servers: float = 5
    """until the server has named its ICE servers"""


DEFAULT_TIMINGS = Timings()
