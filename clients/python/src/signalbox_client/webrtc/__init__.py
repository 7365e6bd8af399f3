"""Calls: WebRTC connections with aiortc, found through a signalbox server that cannot read the signaling.

``host`` makes an invite, and ``join`` opens it. Both give a call, whose ``peers`` are connected.
"""

try:
    import aiortc  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "Calls need aiortc: pip install 'signalbox-client[webrtc]'", name=error.name, path=error.path
    ) from error

from ._call import Call, Peers
from ._connection import Prepare
from ._errors import CallError
from ._host import HostedCall, host
from ._join import join
from ._peer import Peer

__all__ = ["Call", "CallError", "HostedCall", "Peer", "Peers", "Prepare", "host", "join"]
