"""A client library for accessing signalbox"""

from .client import AuthenticatedClient, Client
from .errors import BoxError

__all__ = (
    "AuthenticatedClient",
    "BoxError",
    "Client",
)
