"""Contains all the data models used in inputs/outputs"""

from .ack import Ack
from .ack_type import AckType
from .classic_answer import ClassicAnswer
from .classic_answer_type import ClassicAnswerType
from .create_box import CreateBox
from .created import Created
from .created_type import CreatedType
from .cursor import Cursor
from .cursor_ack import CursorAck
from .cursor_ack_type import CursorAckType
from .ice_server import IceServer
from .ice_servers import IceServers
from .msgs import Msgs
from .msgs_type import MsgsType
from .problem import Problem

__all__ = (
    "Ack",
    "AckType",
    "ClassicAnswer",
    "ClassicAnswerType",
    "CreateBox",
    "Created",
    "CreatedType",
    "Cursor",
    "CursorAck",
    "CursorAckType",
    "IceServer",
    "IceServers",
    "Msgs",
    "MsgsType",
    "Problem",
)
