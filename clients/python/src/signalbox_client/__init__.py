"""The Python client for signalbox, a message box over plain HTTP.

``Box`` retries, resumes, and delivers messages in order; ``signalbox_client.sync.Box`` does the same without asyncio.
``signalbox_client.operations`` has a function for every operation of the contract: one request, one response.
"""

from importlib.metadata import version

from ._box import Box, Sent
from ._follow import Message, Page
from ._http import Headers
from ._logging import redact_requests
from ._messages import Messages
from .errors import BoxClosedError, BoxError, ResponseTooLargeError, SignalboxError, UnreachableError

__version__ = version("signalbox-client")

__all__ = [
    "Box",
    "BoxClosedError",
    "BoxError",
    "Headers",
    "Message",
    "Messages",
    "Page",
    "ResponseTooLargeError",
    "Sent",
    "SignalboxError",
    "UnreachableError",
]

redact_requests()
