"""A client library for accessing signalbox"""

from .client import AuthenticatedClient, Client
from .errors import BoxError

__version__ = "0.1.0"

__all__ = (
    "AuthenticatedClient",
    "BoxError",
    "Client",
)
